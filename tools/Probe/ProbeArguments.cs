using System.Globalization;

namespace Realign.Probe;

/// <summary>What the command line says.</summary>
internal sealed class ProbeArguments
{
    public const string Usage = """
        usage: realign-probe ADDRESS [SERVICE] [--timeout SECONDS] [--ca FILE] [--cert FILE --key FILE]
          ADDRESS   like http://127.0.0.1:5101, or https:// where the service has a certificate
          SERVICE   name that health is asked for: liveness, a model, a service of a proto [the process]
          --timeout 0.1 to 60 [2]
          --ca      authorities that are believed, in PEM [those of the machine]
          --cert    certificate that is shown, and --key its private key, in PEM
        ends with 0 = serves, 1 = answers and does not serve, 2 = no answer
        """;

    private ProbeArguments(Uri address) => Address = address;

    public Uri Address { get; }

    public string Service { get; private set; } = "";

    public TimeSpan Timeout { get; private set; } = TimeSpan.FromSeconds(2);

    public string AuthorityFile { get; private set; } = "";

    public string CertificateFile { get; private set; } = "";

    public string KeyFile { get; private set; } = "";

    /// <summary>Reads a command line.</summary>
    /// <returns>What is wrong with it; null when nothing is.</returns>
    public static string? Read(IReadOnlyList<string> args, out ProbeArguments? arguments)
    {
        arguments = null;
        if (args.Count == 0 || !Uri.TryCreate(args[0], UriKind.Absolute, out var address) || address.Scheme is not ("http" or "https"))
            return args.Count == 0 ? "there is no address" : $"'{args[0]}' is no address: write it like http://127.0.0.1:5101";
        var read = new ProbeArguments(address);
        for (var i = 1; i < args.Count; i++)
        {
            if (i == 1 && !args[i].StartsWith('-'))
            {
                read.Service = args[i];
                continue;
            }

            if (i + 1 == args.Count)
                return $"'{args[i]}' is unknown or lacks its value";
            if (!read.Take(args[i], args[++i]))
                return $"'{args[i - 1]} {args[i]}' cannot be used";
        }

        arguments = read;
        return null;
    }

    private bool Take(string option, string value)
    {
        switch (option)
        {
            case "--timeout" when double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out var seconds) && seconds is >= 0.1 and <= 60:
                Timeout = TimeSpan.FromSeconds(seconds);
                return true;
            case "--ca":
                AuthorityFile = value;
                return true;
            case "--cert":
                CertificateFile = value;
                return true;
            case "--key":
                KeyFile = value;
                return true;
            default:
                return false;
        }
    }
}

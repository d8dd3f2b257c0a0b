using Realign.Probe;

if (args.Contains("--ca"))
    SystemAuthorities.Ignore();
return await ProbeCommand.RunAsync(args, Console.Out, Console.Error);

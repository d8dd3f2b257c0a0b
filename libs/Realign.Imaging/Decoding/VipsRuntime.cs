using NetVips;

namespace Realign.Imaging.Decoding;

/// <summary>
/// Sets libvips up once: only the PNG, JPEG and WebP loaders, others when a picture of their format may be read; no cache, one thread a picture, silent
/// about hostile files.
/// </summary>
internal static class VipsRuntime
{
    private static readonly Lazy<bool> _ready = new(Initialize);

    // kept alive: libvips calls it for as long as the process lives
    private static readonly Log.LogDelegate _silent = static (_, _, _) => { };

    private static readonly Lazy<bool> _gif = new(() => Allow("VipsForeignLoadNsgif"));
    private static readonly Lazy<bool> _heif = new(() => Allow("VipsForeignLoadHeif"));

    public static void Ensure(ImageFormat format = ImageFormat.Unknown) =>
        _ = _ready.Value && format switch
        {
            ImageFormat.Gif => _gif.Value,
            ImageFormat.Avif or ImageFormat.Heic => _heif.Value,
            _ => true,
        };

    private static bool Allow(string loader)
    {
        Operation.Block(loader, false);
        return true;
    }

    private static bool Initialize()
    {
        // a hostile file prints a warning for each broken tile; the failure itself comes back as an exception
        Log.SetLogHandler("VIPS", Enums.LogLevelFlags.All, _silent);
        NetVips.NetVips.BlockUntrusted = true;
        Operation.Block("VipsForeignLoad", true);
        foreach (var loader in new[] { "VipsForeignLoadPng", "VipsForeignLoadJpeg", "VipsForeignLoadWebp" })
            Operation.Block(loader, false);
        Cache.Max = 0;
        NetVips.NetVips.Concurrency = 1;
        return true;
    }
}

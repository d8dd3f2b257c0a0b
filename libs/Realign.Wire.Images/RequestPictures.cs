using Realign.Core;
using Realign.Core.Errors;
using Realign.Core.Images;
using Realign.Core.Memory;
using Realign.V1;

namespace Realign.Wire.Images;

/// <summary>
/// The pictures of one call, from their decoding to the end of the call. They are read when the call has its place in the model's queue, not before:
/// what is decoded at a time is bounded by that queue. Disposing lets go of them, and gives the memory of large ones back to the operating system.
/// </summary>
/// <param name="images">Path of the field, for errors, and message.</param>
public sealed class RequestPictures(params IReadOnlyList<(string Field, Image? Image)> images) : IDisposable
{
    private readonly Lock _guard = new();
    private Picture[]? _pictures;
    private bool _isDisposed;

    /// <summary>How long reading took.</summary>
    public TimeSpan ReadTime { get; private set; }

    /// <summary>One picture a message, in order; after <see cref="Read"/>.</summary>
    public IReadOnlyList<Picture> All => _pictures ?? throw new InvalidOperationException("not read, or disposed");

    /// <summary>Decodes all of them.</summary>
    /// <param name="cancellationToken">The caller's.</param>
    /// <exception cref="InvalidInputException">One is missing or not a picture, or together they have too many pixels; found out before the first is decoded.</exception>
    public RequestPictures Read(CancellationToken cancellationToken)
    {
        var start = TimeProvider.System.GetTimestamp();
        CheckArea();
        var pictures = new Picture[images.Count];
        for (var i = 0; i < images.Count; i++)
            pictures[i] = RequestImage.Read(images[i].Field, images[i].Image, cancellationToken);
        lock (_guard)
        {
            // a caller who left while they were decoded
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            _pictures = pictures;
            ReadTime = TimeProvider.System.GetElapsedTime(start);
        }

        return this;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        bool isLarge;
        lock (_guard)
        {
            _isDisposed = true;
            isLarge = _pictures?.Sum(picture => picture.Area) > Limits.LargeImagePixels;
            _pictures = null;
        }

        if (isLarge)
            ProcessMemory.GiveBack();
    }

    private void CheckArea()
    {
        long pixels = 0;
        for (var i = 0; i < images.Count; i++)
        {
            pixels += RequestImage.Area(images[i].Field, images[i].Image);
            if (pixels > Limits.ImagePixels)
            {
                throw new InvalidInputException(images[i].Field, $"{pixels} pixels up to this image", $"at most {Limits.ImagePixels >> 20} megapixels are taken in one call",
                    "split the call or send smaller images");
            }
        }
    }
}

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
    private volatile bool _isDisposed;
    private volatile bool _isRead;
    private long _area;

    /// <summary>How many there are.</summary>
    public int Count => images.Count;

    /// <summary>How long reading took.</summary>
    public TimeSpan ReadTime { get; private set; }

    /// <summary>One picture a message, in order; after <see cref="Read"/>.</summary>
    /// <exception cref="OperationCanceledException">The call is over: its caller left while the model was at work.</exception>
    public IReadOnlyList<Picture> All => _pictures ?? throw (_isDisposed ? Over() : new InvalidOperationException("not read yet"));

    /// <summary>Decodes all of them.</summary>
    /// <param name="cancellationToken">The caller's.</param>
    /// <exception cref="InvalidInputException">One is missing or not a picture, or together they have too many pixels; found out before the first is
    /// decoded.</exception>
    public RequestPictures Read(CancellationToken cancellationToken)
    {
        _isRead = true;
        try
        {
            Keep(Decode(cancellationToken));
            return this;
        }
        finally
        {
            // a caller who left meanwhile: nobody else will
            if (_isDisposed)
                GiveBack();
        }
    }

    /// <summary>Works with them. A caller who leaves meanwhile is answered at once, and the memory is given back when the work has ended.</summary>
    /// <param name="work">What the model does with the pictures.</param>
    public T Use<T>(Func<IReadOnlyList<Picture>, T> work)
    {
        try
        {
            return Apply(work);
        }
        finally
        {
            if (_isDisposed)
                GiveBack();
        }
    }

    /// <summary>Pixels of all of them, from their headers.</summary>
    /// <exception cref="InvalidInputException">One is missing or not a picture, or together they have too many.</exception>
    public long Area()
    {
        if (_area > 0)
            return _area;
        long pixels = 0;
        for (var i = 0; i < images.Count; i++)
        {
            pixels += RequestImage.Area(images[i].Field, images[i].Image);
            if (pixels > Limits.ImagePixels)
            {
                throw new InvalidInputException(images[i].Field, $"{pixels} pixels up to this image",
                    $"at most {Limits.ImagePixels >> 20} megapixels are taken in one call",
                    "split the call or send smaller images");
            }
        }

        _area = pixels;
        return pixels;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_guard)
        {
            _isDisposed = true;
            _pictures = null;
        }

        if (_isRead)
            GiveBack();
    }

    private static OperationCanceledException Over() => new("the call is over");

    // a frame of its own: when it is left, nothing refers to the pictures any more
    private T Apply<T>(Func<IReadOnlyList<Picture>, T> work)
    {
        ArgumentNullException.ThrowIfNull(work);
        return work(All);
    }

    private Picture[] Decode(CancellationToken cancellationToken)
    {
        var start = TimeProvider.System.GetTimestamp();
        _ = Area();
        var pictures = new Picture[images.Count];
        for (var i = 0; i < images.Count; i++)
            pictures[i] = RequestImage.Read(images[i].Field, images[i].Image, cancellationToken);
        ReadTime = TimeProvider.System.GetElapsedTime(start);
        return pictures;
    }

    private void Keep(Picture[] pictures)
    {
        lock (_guard)
        {
            _pictures = _isDisposed ? throw Over() : pictures;
        }
    }

    private void GiveBack()
    {
        if (_area > Limits.LargeImagePixels)
            ProcessMemory.GiveBack();
    }
}

using Realign.Core.Images;
using Realign.Core.Timings;
using Realign.Hosting.Models;
using Realign.Hosting.Scheduling;
using Realign.Wire.Images;

namespace Realign.Captioner.Requests;

/// <summary>Work of a model on the pictures of a call.</summary>
internal static class PictureWork
{
    /// <summary>Decodes the pictures once the call has its place in the queue, and runs the model on them.</summary>
    public static Task<T> RunAsync<TModel, T>(
        ModelHost<TModel> host, RequestPictures pictures, string name, CallTimings timings,
        Func<TModel, IReadOnlyList<Picture>, CancellationToken, T> work, CallTerms terms)
        where TModel : class => host.RunAsync(pictures.Read, (model, read, token) =>
        {
            timings.Add("decode", read.ReadTime);
            timings.Restart();
            var result = read.Use(all => work(model, all, token));
            timings.Mark(name);
            return result;
        }, terms);
}

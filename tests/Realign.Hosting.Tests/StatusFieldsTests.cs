using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Primitives;
using Realign.Hosting.Errors;
using Shouldly;
using Xunit;

namespace Realign.Hosting.Tests;

/// <summary>The status of a call, which the framework may send while it is looked at.</summary>
public sealed class StatusFieldsTests
{
    [Fact]
    public async Task StatusThatHasJustGoneOut_IsLeftAsItIs()
    {
        var context = new DefaultHttpContext();
        var trailers = new SentMeanwhile { [StatusFields.Number] = "4", ["grpc-message"] = "" };
        context.Features.Set<IHttpResponseTrailersFeature>(new Trailing { Trailers = trailers });
        var middleware = new MalformedMessageMiddleware(_ => Task.CompletedTask, Options.Create(new HostingOptions()));

        await middleware.InvokeAsync(context);

        trailers.IsReadOnly.ShouldBeTrue();
        trailers.ContainsKey(StatusFields.Details).ShouldBeFalse();
    }

    private sealed class Trailing : IHttpResponseTrailersFeature
    {
        public required IHeaderDictionary Trailers { get; set; }
    }

    /// <summary>Can be written until somebody tries.</summary>
    private sealed class SentMeanwhile : HeaderDictionary, IHeaderDictionary
    {
        StringValues IHeaderDictionary.this[string key]
        {
            get => base[key];
            set
            {
                IsReadOnly = true;
                base[key] = value;
            }
        }
    }
}

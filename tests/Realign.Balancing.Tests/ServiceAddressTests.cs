using Realign.Balancing.Addresses;
using Shouldly;
using Xunit;

namespace Realign.Balancing.Tests;

/// <summary>How addresses of services are written.</summary>
public sealed class ServiceAddressTests
{
    [Theory]
    [InlineData("http://127.0.0.1:5101", "http://127.0.0.1:5101/")]
    [InlineData("https://tagger.example:443/", "https://tagger.example/")]
    [InlineData("http://a:1, http://b:2", "http://a:1/ http://b:2/")]
    [InlineData("static:///a:1,b:2,c:3", "http://a:1/ http://b:2/ http://c:3/")]
    [InlineData("static:///[::1]:7,https://b:2", "http://[::1]:7/ https://b:2/")]
    public void Read_Replicas_AreFound(string text, string replicas)
    {
        ServiceAddress.Read(text, out var address).ShouldBeNull();

        string.Join(' ', address!.Replicas).ShouldBe(replicas);
        address.Name.ShouldBeNull();
        address.Text.ShouldBe(text);
    }

    [Theory]
    [InlineData("dns:///generator.realign.svc:5101", "http://generator.realign.svc:5101")]
    [InlineData("dns+https:///generator.realign.svc:5101", "https://generator.realign.svc:5101")]
    public void Read_Name_IsFound(string text, string name)
    {
        ServiceAddress.Read(text, out var address).ShouldBeNull();

        address!.Name.ShouldBe(new Uri(name));
        address.Replicas.ShouldBeEmpty();
    }

    [Theory]
    [InlineData("localhost", "'localhost'")]
    [InlineData("ftp://a:1", "'ftp://a:1'")]
    [InlineData("http://a:1,", "''")]
    [InlineData("http://a:1/path", "path")]
    [InlineData("http://user@a:1", "user")]
    [InlineData("static:///", "''")]
    [InlineData("static:///a", "'a'")]
    [InlineData("static:///a:1,a:1", "twice")]
    [InlineData("http://a:1,http://a:1/", "twice")]
    [InlineData("dns:///generator", "name and port")]
    [InlineData("dns+https:///generator", "name and port")]
    [InlineData("dns://8.8.8.8/generator:5101", "'dns://8.8.8.8/generator:5101'")]
    [InlineData("dns:///a:1,b:2", "name and port")]
    [InlineData("", "''")]
    public void Read_NoAddress_SaysWhy(string text, string problem) =>
        ServiceAddress.Read(text, out _).ShouldNotBeNull().ShouldContain(problem);
}

using Shouldly;
using Xunit;

namespace Realign.Safetensors.Tests;

/// <summary>NaN and infinity in raw bytes, wherever they stand.</summary>
public sealed class FiniteNumbersTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Theory]
    [InlineData(SafetensorsDType.F32, new byte[] { 0, 0, 0xC0, 0x7F })]
    [InlineData(SafetensorsDType.F32, new byte[] { 0, 0, 0x80, 0xFF })]
    [InlineData(SafetensorsDType.F16, new byte[] { 0, 0x7C })]
    [InlineData(SafetensorsDType.F16, new byte[] { 1, 0xFE })]
    [InlineData(SafetensorsDType.BF16, new byte[] { 0x80, 0x7F })]
    [InlineData(SafetensorsDType.F64, new byte[] { 1, 0, 0, 0, 0, 0, 0xF0, 0x7F })]
    public void FindOther_AnyPlace_IsFound(SafetensorsDType dtype, byte[] number)
    {
        for (var place = 0; place < 70; place++)
        {
            var bytes = new byte[70 * number.Length];
            number.CopyTo(bytes, place * number.Length);

            FiniteNumbers.FindOther(bytes, dtype).ShouldBe(place);
        }
    }

    [Theory]
    [InlineData(SafetensorsDType.F32, new byte[] { 0xFF, 0xFF, 0x7F, 0x7F })]
    [InlineData(SafetensorsDType.F16, new byte[] { 0xFF, 0x7B })]
    [InlineData(SafetensorsDType.BF16, new byte[] { 0x7F, 0x7F })]
    [InlineData(SafetensorsDType.I32, new byte[] { 0xFF, 0xFF, 0xFF, 0xFF })]
    public void FindOther_LargestNumbersAndIntegers_AreFine(SafetensorsDType dtype, byte[] number) =>
        FiniteNumbers.FindOther(Enumerable.Repeat(number, 70).SelectMany(bytes => bytes).ToArray(), dtype).ShouldBe(-1);

    [Fact]
    public void File_NamesKeyAndNumber()
    {
        const string Header = """{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[8,16]}}""";
        using var file = SafetensorsFile.Open(_folder.Write("x.safetensors", Header, [.. new byte[12], .. BitConverter.GetBytes(float.NaN)]));

        file.FindNonFinite("a").ShouldBeNull();
        file.FindNonFinite("b").ShouldBe("key 'b' holds NaN or infinity (number 1)");
    }

    public void Dispose() => _folder.Dispose();
}

using System.Text;
using Realign.Core.Errors;
using Realign.Core.Files;
using Shouldly;
using Xunit;

namespace Realign.Core.Tests.Files;

/// <summary>What a file is instead of what it should be.</summary>
public sealed class FileMistakesTests
{
    private const string Pointer =
        "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 3438354725\n";

    [Theory]
    [InlineData(FileFormat.Safetensors)]
    [InlineData(FileFormat.Onnx)]
    [InlineData(FileFormat.Gguf)]
    [InlineData(FileFormat.Text)]
    public void GitLfsPointer_SaysWhatItStandsFor(FileFormat wanted)
    {
        var failure = Refusal(Encoding.ASCII.GetBytes(Pointer), wanted);

        failure.Problems.ShouldHaveSingleItem().ShouldContain("not the file of 3438354725 bytes it stands for");
        failure.WayOut.ShouldContain("git lfs pull");
    }

    [Theory]
    [InlineData("<!DOCTYPE html><html>", FileFormat.Text, "web page")]
    [InlineData("\n<html lang=en>", FileFormat.Safetensors, "web page")]
    [InlineData("<?xml version='1.0'?><Error>", FileFormat.Onnx, "web page")]
    [InlineData("Entry not found", FileFormat.Safetensors, "'Entry not found'")]
    [InlineData("Invalid username or password.", FileFormat.Gguf, "answer of the server")]
    [InlineData("PK\u0003\u0004archive/data.pkl", FileFormat.Safetensors, "pickle")]
    [InlineData("GGUF\u0003\0\0\0", FileFormat.Safetensors, "a safetensors file is needed")]
    [InlineData("GGUF\u0003\0\0\0", FileFormat.Onnx, "an ONNX graph is needed")]
    [InlineData("\u0002\0\0\0\0\0\0\0{}", FileFormat.Gguf, "this is a safetensors file")]
    [InlineData("\0\0\0\0\0\0\0\0\0\0\0\0", FileFormat.Gguf, "zeros")]
    [InlineData("", FileFormat.Safetensors, "empty")]
    public void OtherFile_IsNamed(string content, FileFormat wanted, string problem)
    {
        var failure = Refusal(Encoding.Latin1.GetBytes(content), wanted);

        failure.Problems.ShouldHaveSingleItem().ShouldContain(problem);
        failure.WayOut.ShouldContain("download");
    }

    [Theory]
    [InlineData("{\"a\": 1}", FileFormat.Text)]
    [InlineData("<s>\n</s>\n", FileFormat.Text)]
    [InlineData("", FileFormat.Text)]
    [InlineData("\u0002\0\0\0\0\0\0\0{}", FileFormat.Safetensors)]
    [InlineData("GGUF\u0003\0\0\0", FileFormat.Gguf)]
    [InlineData("\u0008\u0007\u0012\u0007pytorch", FileFormat.Onnx)]
    public void RightFile_Passes(string content, FileFormat wanted) =>
        Should.NotThrow(() => FileMistakes.Check("file", Encoding.Latin1.GetBytes(content), content.Length, wanted));

    private static ModelLoadException Refusal(byte[] content, FileFormat wanted) =>
        Should.Throw<ModelLoadException>(() => FileMistakes.Check("file", content, content.Length, wanted));
}

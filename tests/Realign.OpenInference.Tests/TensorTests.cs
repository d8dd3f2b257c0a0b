using Google.Protobuf;
using Google.Rpc;
using Grpc.Core;
using Inference;
using Realign.Testing;
using Shouldly;
using Xunit;

namespace Realign.OpenInference.Tests;

/// <summary>Tensors of every datatype in both forms, and what is wrong with them.</summary>
public sealed class TensorTests
{
    public static TheoryData<string, int> Sizes => new()
    {
        { "BOOL", 1 }, { "UINT8", 1 }, { "UINT16", 2 }, { "UINT32", 4 }, { "UINT64", 8 }, { "INT8", 1 }, { "INT16", 2 }, { "INT32", 4 }, { "INT64", 8 },
        { "FP16", 2 }, { "BF16", 2 }, { "FP32", 4 }, { "FP64", 8 },
    };

    [Theory]
    [MemberData(nameof(Sizes))]
    public async Task Raw_ComesBackAsItWas(string datatype, int size)
    {
        await using var service = await EchoService.StartAsync();
        var data = new byte[6 * size];
        new Random(7).NextBytes(data);

        var response = await service.InferAsync(EchoService.Request().With(datatype.ToLowerInvariant(), datatype, [2, 3], data));

        response.Outputs.ShouldHaveSingleItem().Datatype.ShouldBe(datatype);
        response.Outputs[0].Shape.ShouldBe([2, 3]);
        response.Outputs[0].Contents.ShouldBeNull();
        response.RawOutputContents.ShouldHaveSingleItem().ToByteArray().ShouldBe(data);
    }

    [Fact]
    public async Task RawBytes_ComeBackAsTheyWere_EmptyOnesToo()
    {
        await using var service = await EchoService.StartAsync();
        byte[] data = InferMessages.Texts("ä red car", "", "\0x");

        var response = await service.InferAsync(EchoService.Request().With("bytes", "BYTES", [1, 3], data));

        response.RawOutputContents.ShouldHaveSingleItem().ToByteArray().ShouldBe(data);
    }

    [Theory]
    [InlineData("FP32", new byte[0])]
    [InlineData("BYTES", new byte[0])]
    public async Task NoElements_AnEntryAllTheSame(string datatype, byte[] none)
    {
        await using var service = await EchoService.StartAsync();

        var response = await service.InferAsync(EchoService.Request().With(datatype.ToLowerInvariant(), datatype, [0, 3], none));

        response.Outputs.ShouldHaveSingleItem().Shape.ShouldBe([0, 3]);
        response.RawOutputContents.ShouldHaveSingleItem().Length.ShouldBe(0);
    }

    public static TheoryData<string, InferTensorContents, byte[]> Lists => new()
    {
        { "BOOL", new InferTensorContents { BoolContents = { true, false } }, [1, 0] },
        { "INT8", new InferTensorContents { IntContents = { -128, 127 } }, [0x80, 0x7f] },
        { "INT16", new InferTensorContents { IntContents = { -32768, 1 } }, [0x00, 0x80, 1, 0] },
        { "INT32", new InferTensorContents { IntContents = { -2, 1 } }, [0xfe, 0xff, 0xff, 0xff, 1, 0, 0, 0] },
        { "INT64", new InferTensorContents { Int64Contents = { 1, 0 } }, [1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0] },
        { "UINT8", new InferTensorContents { UintContents = { 255, 0 } }, [255, 0] },
        { "UINT16", new InferTensorContents { UintContents = { 65535, 0 } }, [255, 255, 0, 0] },
        { "UINT32", new InferTensorContents { UintContents = { uint.MaxValue, 0 } }, [255, 255, 255, 255, 0, 0, 0, 0] },
        { "UINT64", new InferTensorContents { Uint64Contents = { ulong.MaxValue, 0 } }, [255, 255, 255, 255, 255, 255, 255, 255, 0, 0, 0, 0, 0, 0, 0, 0] },
        { "FP32", new InferTensorContents { Fp32Contents = { 1, 0 } }, [0, 0, 0x80, 0x3f, 0, 0, 0, 0] },
        { "FP64", new InferTensorContents { Fp64Contents = { 1, 0 } }, [0, 0, 0, 0, 0, 0, 0xf0, 0x3f, 0, 0, 0, 0, 0, 0, 0, 0] },
        { "BYTES", new InferTensorContents { BytesContents = { ByteString.CopyFromUtf8("ab"), ByteString.Empty } }, InferMessages.Texts("ab", "") },
    };

    [Theory]
    [MemberData(nameof(Lists))]
    public async Task Contents_ComeBackRaw(string datatype, InferTensorContents contents, byte[] raw)
    {
        await using var service = await EchoService.StartAsync();

        var response = await service.InferAsync(EchoService.Request().With(datatype.ToLowerInvariant(), datatype, [1, 2], contents));

        response.Outputs.ShouldHaveSingleItem().Contents.ShouldBeNull();
        response.RawOutputContents.ShouldHaveSingleItem().ToByteArray().ShouldBe(raw);
    }

    public static TheoryData<string, string> Malformed => new()
    {
        { "raw too short", "int32" },
        { "raw too long", "int32" },
        { "no data", "int32" },
        { "fewer raw entries", "int64" },
        { "more raw entries", "raw_input_contents" },
        { "raw and contents", "int32" },
        { "other list", "int32" },
        { "two lists", "int32" },
        { "list too short", "int32" },
        { "does not fit", "int8" },
        { "negative does not fit", "uint8" },
        { "half as list", "fp16" },
        { "unknown datatype", "int32" },
        { "other datatype", "int32" },
        { "other rank", "int32" },
        { "other dimension", "fixed" },
        { "negative dimension", "int32" },
        { "dimensions overflow", "int32" },
        { "unknown input", "inputs" },
        { "twice", "int32" },
        { "bytes length beyond", "bytes" },
        { "bytes negative length", "bytes" },
        { "bytes cut", "bytes" },
        { "bytes too many", "bytes" },
        { "bytes too few", "bytes" },
        { "bytes claim billions", "bytes" },
        { "not UTF-8", "do" },
        { "shared memory", "int32" },
        { "unknown output", "outputs" },
        { "output twice", "int32" },
        { "classification", "int32" },
        { "output in shared memory", "int32" },
    };

    [Theory]
    [MemberData(nameof(Malformed))]
    public async Task MalformedInput_IsInvalidArgumentAndNamesTheTensor(string kind, string field)
    {
        await using var service = await EchoService.StartAsync();

        var failure = await TestService.FailsAsync(() => service.InferAsync(MalformedRequest(kind)));

        failure.StatusCode.ShouldBe(StatusCode.InvalidArgument);
        failure.GetRpcStatus()!.GetDetail<BadRequest>()!.FieldViolations.ShouldHaveSingleItem().Field.ShouldBe(field);
        failure.Status.Detail.ShouldStartWith(field);
    }

    [Fact]
    public async Task RandomRequests_AreAnsweredOrRefused_NeverMore()
    {
        await using var service = await EchoService.StartAsync();
        var random = new Random(20);
        var codes = new Dictionary<StatusCode, int>();
        for (var i = 0; i < 600; i++)
        {
            var type = random.GetItems(["INT32", "BYTES", "FP16", "BOOL"], 1)[0];
            var data = new byte[random.Next(0, 24)];
            random.NextBytes(data);
            // lengths that are small enough to be right at times
            for (var at = 0; at + 3 < data.Length; at += 4)
                (data[at], data[at + 1], data[at + 2], data[at + 3]) = ((byte)random.Next(0, 6), 0, 0, (byte)(random.Next(8) == 0 ? 255 : 0));
            var request = EchoService.Request().With(type.ToLowerInvariant(), type, [random.Next(-1, 4), random.Next(0, 3)], data);
            var code = StatusCode.OK;
            try
            {
                _ = await service.InferAsync(request);
            }
            catch (RpcException exception)
            {
                code = exception.StatusCode;
            }

            codes[code] = codes.GetValueOrDefault(code) + 1;
        }

        codes.Keys.ShouldBe([StatusCode.OK, StatusCode.InvalidArgument], ignoreOrder: true);
        codes[StatusCode.OK].ShouldBeGreaterThan(10);
    }

    private static ModelInferRequest MalformedRequest(string kind)
    {
        var request = EchoService.Request();
        var two = new InferTensorContents { IntContents = { 1, 2 } };
        byte[] raw = [1, 0, 0, 0, 2, 0, 0, 0];
        return kind switch
        {
            "raw too short" => request.With("int32", "INT32", [1, 2], raw[..7]),
            "raw too long" => request.With("int32", "INT32", [1, 2], [.. raw, 0]),
            "no data" => request.With("int32", "INT32", [1, 2], (InferTensorContents?)null),
            "fewer raw entries" => request.With("int32", "INT32", [1, 2], raw).With("int64", "INT64", [1, 1], (InferTensorContents?)null),
            "more raw entries" => Changed(request.With("int32", "INT32", [1, 2], raw), changed => changed.RawInputContents.Add(ByteString.Empty)),
            "raw and contents" => Changed(request.With("int32", "INT32", [1, 2], raw), changed => changed.Inputs[0].Contents = two),
            "other list" => request.With("int32", "INT32", [1, 2], new InferTensorContents { Fp32Contents = { 1, 2 } }),
            "two lists" => request.With("int32", "INT32", [1, 2], new InferTensorContents { IntContents = { 1, 2 }, Fp32Contents = { 1, 2 } }),
            "list too short" => request.With("int32", "INT32", [1, 3], two),
            "does not fit" => request.With("int8", "INT8", [1, 2], new InferTensorContents { IntContents = { 1, 128 } }),
            "negative does not fit" => request.With("uint8", "UINT8", [1, 1], new InferTensorContents { UintContents = { 256 } }),
            "half as list" => request.With("fp16", "FP16", [1, 2], new InferTensorContents { Fp32Contents = { 1, 2 } }),
            "unknown datatype" => request.With("int32", "INT33", [1, 2], raw),
            "other datatype" => request.With("int32", "UINT32", [1, 2], raw),
            "other rank" => request.With("int32", "INT32", [2], raw),
            "other dimension" => request.With("fixed", "INT32", [3], [.. raw, 0, 0, 0, 0]),
            "negative dimension" => request.With("int32", "INT32", [-1, -2], raw),
            "dimensions overflow" => request.With("int32", "INT32", [long.MaxValue, 2], raw),
            "unknown input" => request.With("other", "INT32", [1, 2], raw),
            "twice" => request.With("int32", "INT32", [1, 2], raw).With("int32", "INT32", [1, 2], raw),
            "bytes length beyond" => request.With("bytes", "BYTES", [1, 1], [9, 0, 0, 0, 1]),
            "bytes negative length" => request.With("bytes", "BYTES", [1, 1], [255, 255, 255, 255, 1]),
            "bytes cut" => request.With("bytes", "BYTES", [1, 1], [0, 0, 0, 0, 1, 0]),
            "bytes too many" => request.With("bytes", "BYTES", [1, 1], [0, 0, 0, 0, 0, 0, 0, 0]),
            "bytes too few" => request.With("bytes", "BYTES", [1, 2], [4, 0, 0, 0, 0, 0, 0, 0]),
            "bytes claim billions" => request.With("bytes", "BYTES", [1, int.MaxValue], [0, 0, 0, 0]),
            "not UTF-8" => request.With("do", "BYTES", [1], [1, 0, 0, 0, 0xff]),
            "shared memory" => Changed(request.With("int32", "INT32", [1, 2], (InferTensorContents?)null), changed =>
                changed.Inputs[0].Parameters["shared_memory_region"] = new InferParameter { StringParam = "a" }),
            "unknown output" => Output(request, "other", null),
            "output twice" => Output(Output(request, "int32", null), "int32", null),
            "classification" => Output(request, "int32", "classification"),
            "output in shared memory" => Output(request, "int32", "shared_memory_region"),
            _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, null),
        };
    }

    private static ModelInferRequest Output(ModelInferRequest request, string name, string? parameter) => Changed(request, changed =>
    {
        var output = new ModelInferRequest.Types.InferRequestedOutputTensor { Name = name };
        if (parameter is not null)
            output.Parameters[parameter] = new InferParameter { Int64Param = 1 };
        changed.Outputs.Add(output);
    });

    private static ModelInferRequest Changed(ModelInferRequest request, Action<ModelInferRequest> change)
    {
        change(request);
        return request;
    }
}

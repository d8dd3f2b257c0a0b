namespace Realign.Llama.Native;

/// <summary>
/// Compares our struct layouts with the loaded library: sizes, and the default values it returns, which land in the wrong fields when
/// a release has moved them.
/// </summary>
internal static unsafe class AbiCheck
{
    /// <summary>What does not fit; empty when all is well.</summary>
    public static IReadOnlyList<string> Differences()
    {
        var differences = new List<string>();
        Expect("sizeof(llama_model_params)", 80, sizeof(LlamaModelParams));
        Expect("sizeof(llama_context_params)", 160, sizeof(LlamaContextParams));
        Expect("sizeof(llama_batch)", 56, sizeof(LlamaBatch));
        Expect("sizeof(llama_token_data)", 12, sizeof(LlamaTokenData));
        Expect("sizeof(llama_token_data_array)", 32, sizeof(LlamaTokenDataArray));

        var model = NativeMethods.ModelDefaultParams();
        Expect("llama_model_params.n_gpu_layers", -1, model.GpuLayers);
        Expect("llama_model_params.split_mode", 1, model.SplitMode);
        Expect("llama_model_params.load_mode", -1, model.LoadMode);
        Expect("llama_model_params.lazy_mode", 1, model.LazyMode);
        Expect("llama_model_params.use_extra_bufts", 1, model.UseExtraBuffers);
        Expect("llama_model_params.vocab_only", 0, model.VocabularyOnly);

        var context = NativeMethods.ContextDefaultParams();
        Expect("llama_context_params.n_ctx", 512, context.ContextSize);
        Expect("llama_context_params.n_batch", 2048, context.BatchSize);
        Expect("llama_context_params.n_ubatch", 512, context.MicroBatchSize);
        Expect("llama_context_params.n_seq_max", 1, context.MaxSequences);
        Expect("llama_context_params.n_outputs_max_per_seq", 1, context.MaxOutputsPerSequence);
        Expect("llama_context_params.n_threads", 4, context.Threads);
        Expect("llama_context_params.rope_scaling_type", -1, context.RopeScalingType);
        Expect("llama_context_params.flash_attn_type", -1, context.FlashAttentionType);
        Expect("llama_context_params.type_k", 1, context.KeyType);
        Expect("llama_context_params.type_v", 1, context.ValueType);
        Expect("llama_context_params.offload_kqv", 1, context.OffloadKeyValues);
        Expect("llama_context_params.swa_full", 1, context.FullSlidingWindow);
        Expect("llama_context_params.n_samplers", 0, (long)context.SamplerCount);
        return differences;

        void Expect(string what, long expected, long found)
        {
            if (expected != found)
                differences.Add($"{what} is {found}, expected {expected}");
        }
    }
}

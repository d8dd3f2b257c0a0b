using Realign.Conformance.Runner;

namespace Realign.Conformance.Suites.Diffusion;

internal sealed class SdxlSuite : IConformanceSuite
{
    public string Folder => "diffusion/sdxl";

    public IEnumerable<ConformanceCase> Cases(string folder)
    {
        var pack = new DiffusionPack(folder);
        return new ModelCases(pack, "unet_output_abs_sdxl").All().Concat(new PipelineCases(pack).All());
    }
}

using Realign.Conformance.Runner;

namespace Realign.Conformance.Suites.Diffusion;

internal sealed class Sd15Suite : IConformanceSuite
{
    public string Folder => "diffusion/sd15";

    public IEnumerable<ConformanceCase> Cases(string folder)
    {
        var pack = new DiffusionPack(folder);
        return new ModelCases(pack, "unet_output_abs").All().Concat(new PipelineCases(pack).All());
    }
}

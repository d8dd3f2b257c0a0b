using TorchSharp.Modules;

namespace Realign.Torch.Weights;

/// <summary>
/// A module with parameters of its own. They are built without storage, as shapes; when weights are loaded, each is put in place by the class
/// that declares it: TorchSharp keeps the register of a module's parameters for derived classes only.
/// </summary>
public interface IParameterOwner
{
    /// <summary>Takes a parameter in place of the one that had its name.</summary>
    /// <param name="name">Name in the module's register, which is its last part in files.</param>
    /// <param name="parameter">The loaded parameter; the module owns it.</param>
    void Place(string name, Parameter parameter);
}

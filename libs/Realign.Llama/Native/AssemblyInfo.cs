using System.Runtime.CompilerServices;

// every struct of the binding is blittable and every callback an unmanaged function pointer
[assembly: DisableRuntimeMarshalling]

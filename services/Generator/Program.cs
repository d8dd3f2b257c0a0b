using Realign.Generator;
using Realign.Hosting;

return await ServiceHost.RunAsync(GeneratorApp.Build, args);

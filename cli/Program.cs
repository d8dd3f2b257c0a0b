using Realign.Cli;
using Realign.Core.Processes;

Privacy.Restrict();
using var interruption = new Interruption();
return await RealignCli.RunAsync(args, Console.Out, Console.Error, interruption.Token);

using Realign.Cli;

return await RealignCli.RunAsync(args, Console.Out, Console.Error);

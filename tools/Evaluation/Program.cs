using Realign.Core.Processes;
using Realign.Evaluation;

using var interruption = new Interruption();
return await EvaluationCommand.RunAsync(args, Console.Out, Console.Error, interruption.Token);

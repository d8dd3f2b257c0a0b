using Realign.ModelCheck;

return ModelCheckCommand.Create(Console.Out, Console.Error).Parse(args).Invoke();

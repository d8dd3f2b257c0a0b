using Realign.World;

if (args.Length != 1)
{
    Console.Error.WriteLine("usage: Realign.PromptSets FOLDER   (benchmarks/prompts holds what it writes)");
    return 2;
}

foreach (var name in PromptSets.Names)
    File.WriteAllText(Path.Combine(args[0], name + ".txt"), string.Concat(PromptSets.Generate(name).Select(prompt => prompt + "\n")));
return 0;

using Realign.Hosting;
using Realign.SceneScorer;

return await ServiceHost.RunAsync(SceneScorerApp.Build, args);

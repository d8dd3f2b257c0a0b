using Realign.Hosting;
using Realign.Tagger;

return await ServiceHost.RunAsync(TaggerApp.Build, args);

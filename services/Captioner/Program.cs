using Realign.Captioner;
using Realign.Hosting;

return await ServiceHost.RunAsync(CaptionerApp.Build, args);

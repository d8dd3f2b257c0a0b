using Realign.Gateway;
using Realign.Hosting;

return await ServiceHost.RunAsync(GatewayApp.Build, args);

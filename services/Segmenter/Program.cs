using Realign.Hosting;
using Realign.Segmenter;

return await ServiceHost.RunAsync(SegmenterApp.Build, args);

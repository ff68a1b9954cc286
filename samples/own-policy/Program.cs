using Gatehouse.Cli;
using Gatehouse.Hosting;
using OwnPolicy;

var builder = WebApplication.CreateSlimBuilder(); // serves its own endpoints where ASPNETCORE_URLS says
builder.AddGatehouse("gatehouse.yaml", new OpeningHours()); // and the gateway where the declaration says

var app = builder.Build();
app.MapGet("/", () => "This is the host's own page. The gateway listens beside it.");

return await app.RunGatehouseAsync(args); // "check", "schema" and "key" know the policy too

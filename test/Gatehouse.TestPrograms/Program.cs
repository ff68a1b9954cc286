using Gatehouse.TestPrograms;

// What tests start beside a gateway, as processes that can be killed, stopped and pinned to a processor.
return args switch
{
    ["destination", var port, var name] => await Destination.RunAsync(port, name),
    ["audit-writer", var file, var key, var copies, var run] => await TrailWriter.RunAsync(file, key, copies, run),
    _ => await BusyHost.RunAsync(args), // the commands of a gateway that has the policy 'work'
};

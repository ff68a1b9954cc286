namespace Gatehouse.Audit;

/// <summary>What a record is about.</summary>
internal enum AuditKind
{
    /// <summary>An accountable exchange, from its begin to its end in one record.</summary>
    Exchange,

    /// <summary>An exchange that is about to be forwarded; its end follows as an <see cref="Outcome"/>.</summary>
    Intent,

    /// <summary>The end of an exchange whose <see cref="Intent"/> was recorded.</summary>
    Outcome,

    /// <summary>An exchange that was refused.</summary>
    Refusal,

    /// <summary>A connection that was refused in its handshake.</summary>
    Handshake,

    /// <summary>A declaration that came into force.</summary>
    Activation,

    /// <summary>What somebody did to the gateway.</summary>
    Administration,

    /// <summary>An instance began to record.</summary>
    Start,

    /// <summary>An instance stopped in good order.</summary>
    Stop,

    /// <summary>What was found at a start after a run that had not stopped in good order.</summary>
    Repair,

    /// <summary>An intent that had no outcome until a restart or its deadline: nobody knows what became of it.</summary>
    Unknown,

    /// <summary>A person has closed an <see cref="Unknown"/> one, with a reason.</summary>
    Closed,

    /// <summary>Somebody read the trail.</summary>
    Reading,

    /// <summary>Records were taken out because their time was over.</summary>
    Retention,

    /// <summary>Personal values were erased.</summary>
    Erasure,

    /// <summary>Records that there should be and that are not there, or were never taken.</summary>
    Gap,
}

/// <summary>What was decided about an exchange.</summary>
internal enum AuditDecision
{
    None,
    Allowed,
    Refused,
}

/// <summary>How an exchange ended.</summary>
internal enum AuditOutcome
{
    None,

    /// <summary>The gateway refused it.</summary>
    Refused,

    /// <summary>It failed before anything could have reached a service.</summary>
    FailedBefore,

    /// <summary>It failed after a service may have seen it.</summary>
    FailedAfter,

    /// <summary>A service has answered.</summary>
    Done,

    /// <summary>Nobody knows.</summary>
    Unknown,
}

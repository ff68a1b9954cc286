using Gatehouse.Telemetry;
using Gatehouse.Telemetry.Otlp;
using OpenTelemetry;
using OpenTelemetry.Metrics;

namespace Gatehouse.Admin;

/// <summary>
/// Hands the metrics to a collector's channel, each as one record (<c>Metric</c> of OTLP), or as several with the same head where it has many points.
/// They are sums since the start: what the collector did not take in time is replaced by what comes next.
/// </summary>
internal sealed class OtlpMetrics(OtlpChannel to) : BaseExporter<Metric>
{
    /// <summary>Bytes after which a record takes no further point.</summary>
    private const int Enough = 256 * 1024;

    private const int Longest = 4 * Enough; // with a point that is as long as its labels may be
    private const int Cumulative = 2;
    private const int MetricField = 2;
    private readonly ProtoBuffer _buffer = new(Longest);
    private int _record;
    private int _data;
    private int _points;

    public override ExportResult Export(in Batch<Metric> batch)
    {
        to.Supersede();
        foreach (var metric in batch)
            if (FieldOf(metric.MetricType) is var data and > 0) Write(metric, data);
        return ExportResult.Success;
    }

    private void Write(Metric metric, int data)
    {
        Begin(metric, data);
        foreach (ref readonly var point in metric.GetMetricPoints())
        {
            if (_buffer.Written.Length >= Enough)
            {
                End(metric.MetricType);
                Begin(metric, data);
            }

            _points++;
            var written = _buffer.Open(1);
            Times(point);
            if (metric.MetricType == MetricType.Histogram) Histogram(point);
            else Value(metric.MetricType, point);
            _buffer.Close(written);
        }

        End(metric.MetricType);
    }

    private void Begin(Metric metric, int data)
    {
        _buffer.Clear();
        _points = 0;
        _record = _buffer.Open(MetricField);
        _buffer.Text(1, metric.Name);
        _buffer.Text(2, metric.Description);
        _buffer.Text(3, metric.Unit);
        _data = _buffer.Open(data);
    }

    private void End(MetricType type)
    {
        if (!IsGauge(type)) _buffer.Number(2, Cumulative);
        if (type is MetricType.LongSum or MetricType.DoubleSum) _buffer.Number(3, 1); // it only grows
        _buffer.Close(_data);
        _buffer.Close(_record);
        if (_buffer.IsOver) to.LoseTooLong(_points);
        else to.Write(_buffer.Written, _points);
    }

    private void Value(MetricType type, in MetricPoint point)
    {
        switch (type)
        {
            case MetricType.LongSum or MetricType.LongSumNonMonotonic:
                _buffer.Fixed(6, (ulong)point.GetSumLong());
                break;
            case MetricType.DoubleSum or MetricType.DoubleSumNonMonotonic:
                _buffer.Fixed(4, point.GetSumDouble());
                break;
            case MetricType.LongGauge:
                _buffer.Fixed(6, (ulong)point.GetGaugeLastValueLong());
                break;
            case MetricType.DoubleGauge:
                _buffer.Fixed(4, point.GetGaugeLastValueDouble());
                break;
        }

        Attributes(7, point.Tags);
    }

    private void Histogram(in MetricPoint point)
    {
        _buffer.Fixed(4, (ulong)point.GetHistogramCount());
        _buffer.Fixed(5, point.GetHistogramSum());
        var counts = _buffer.Open(6);
        foreach (var bucket in point.GetHistogramBuckets()) _buffer.Packed((ulong)bucket.BucketCount);
        _buffer.Close(counts);
        var bounds = _buffer.Open(7);
        foreach (var bucket in point.GetHistogramBuckets())
            if (bucket.ExplicitBound < double.PositiveInfinity) _buffer.Packed(BitConverter.DoubleToUInt64Bits(bucket.ExplicitBound));
        _buffer.Close(bounds);
        Attributes(9, point.Tags);
    }

    private void Times(in MetricPoint point)
    {
        _buffer.Fixed(2, UnixTime.NanosecondsOf(point.StartTime));
        _buffer.Fixed(3, UnixTime.NanosecondsOf(point.EndTime));
    }

    private void Attributes(int field, ReadOnlyTagCollection tags)
    {
        foreach (var (name, value) in tags)
        {
            var pair = _buffer.Open(field);
            _buffer.Text(1, name);
            var any = _buffer.Open(2);
            if (value is long number) _buffer.Number(3, (ulong)number);
            else if (value is bool truth) _buffer.Number(2, truth ? 1u : 0u); // otel.metric.overflow
            else _buffer.Text(1, value?.ToString() ?? "");
            _buffer.Close(any);
            _buffer.Close(pair);
        }
    }

    private static bool IsGauge(MetricType type) => type is MetricType.LongGauge or MetricType.DoubleGauge;

    /// <summary>The field of a metric in which data of its kind stands; 0 for a kind that the gateway has not.</summary>
    private static int FieldOf(MetricType type) => type switch
    {
        MetricType.LongGauge or MetricType.DoubleGauge => 5,
        MetricType.LongSum or MetricType.DoubleSum or MetricType.LongSumNonMonotonic or MetricType.DoubleSumNonMonotonic => 7,
        MetricType.Histogram => 9,
        _ => 0,
    };
}

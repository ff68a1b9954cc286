using Gatehouse.Telemetry;
using Gatehouse.Telemetry.Otlp;
using OpenTelemetry;
using OpenTelemetry.Metrics;

namespace Gatehouse.Admin;

/// <summary>
/// Hands the metrics to a collector's channel, each as one record (<c>Metric</c> of OTLP). They are sums since the start: what the collector did not
/// take in time is replaced by what comes next.
/// </summary>
internal sealed class OtlpMetrics(OtlpChannel to) : BaseExporter<Metric>
{
    private const int Longest = 2 << 20;
    private const int Cumulative = 2;
    private const int MetricField = 2;
    private readonly ProtoBuffer _buffer = new(Longest);

    public override ExportResult Export(in Batch<Metric> batch)
    {
        to.Supersede();
        foreach (var metric in batch)
        {
            _buffer.Clear();
            Write(metric);
            if (!_buffer.IsOver) to.Write(_buffer.Written);
        }

        return ExportResult.Success;
    }

    private void Write(Metric metric)
    {
        var record = _buffer.Open(MetricField);
        _buffer.Text(1, metric.Name);
        _buffer.Text(2, metric.Description);
        _buffer.Text(3, metric.Unit);
        switch (metric.MetricType)
        {
            case MetricType.LongSum or MetricType.DoubleSum:
                Sum(metric, isMonotonic: true);
                break;
            case MetricType.LongSumNonMonotonic or MetricType.DoubleSumNonMonotonic:
                Sum(metric, isMonotonic: false);
                break;
            case MetricType.LongGauge or MetricType.DoubleGauge:
                var gauge = _buffer.Open(5);
                Points(metric);
                _buffer.Close(gauge);
                break;
            case MetricType.Histogram:
                Histogram(metric);
                break;
        }

        _buffer.Close(record);
    }

    private void Sum(Metric metric, bool isMonotonic)
    {
        var sum = _buffer.Open(7);
        Points(metric);
        _buffer.Number(2, Cumulative);
        if (isMonotonic) _buffer.Number(3, 1);
        _buffer.Close(sum);
    }

    private void Points(Metric metric)
    {
        foreach (ref readonly var point in metric.GetMetricPoints())
        {
            var written = _buffer.Open(1);
            Times(point);
            switch (metric.MetricType)
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
            _buffer.Close(written);
        }
    }

    private void Histogram(Metric metric)
    {
        var histogram = _buffer.Open(9);
        foreach (ref readonly var point in metric.GetMetricPoints())
        {
            var written = _buffer.Open(1);
            Times(point);
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
            _buffer.Close(written);
        }

        _buffer.Number(2, Cumulative);
        _buffer.Close(histogram);
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
            else _buffer.Text(1, value?.ToString() ?? "");
            _buffer.Close(any);
            _buffer.Close(pair);
        }
    }
}

namespace Gatehouse.LoadBench;

/// <summary>The others on the bench, and their settings.</summary>
internal static class Peers
{
    private const string Body =
        """{"id":42,"customer":"c-1001","status":"shipped","currency":"EUR","total":129.95,"lines":"""
        + """[{"sku":"A-100","qty":2,"price":39.95},{"sku":"B-200","qty":1,"price":50.05}],"placed":"2025-01-01T00:00:00Z"}""";

    /// <summary>
    /// One process: that of a worker would outlive its master for a moment, and keep the port from the nginx of the next suite.
    /// </summary>
    public static Contender Upstream(string folder)
    {
        var file = Path.Combine(folder, "upstream.nginx.conf");
        var places = $"client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2; "
            + $"fastcgi_temp_path {folder}/t3; uwsgi_temp_path {folder}/t4; scgi_temp_path {folder}/t5;";
        File.WriteAllText(file, $$"""
            daemon off; master_process off; pid {{folder}}/upstream.pid; error_log stderr warn;
            events { worker_connections 4096; }
            http {
              access_log off; keepalive_requests 1000000000; keepalive_timeout 600s;
              {{places}}
              server { listen 127.0.0.1:{{Declarations.Upstream}} backlog=4096; default_type application/json; location / { return 200 '{{Body}}'; } }
            }
            """);
        return new Contender("upstream", Declarations.Upstream, ["nginx", "-p", folder, "-c", file]);
    }

    public static Contender HaProxy(string folder, int port)
    {
        var file = Path.Combine(folder, "haproxy.cfg");
        File.WriteAllText(file, $"""
            global
              nbthread 1
              maxconn 4000
            defaults
              mode http
              option http-keep-alive
              http-reuse always
              timeout connect 5s
              timeout client 60s
              timeout server 60s
            frontend f
              bind 127.0.0.1:{port}
              default_backend b
            backend b
              server s 127.0.0.1:{Declarations.Upstream}

            """);
        return new Contender("haproxy", port, ["haproxy", "-f", file]);
    }

    /// <summary>HAProxy that verifies an RS256 token, counts by subject, logs each request, removes one header field and sets one.</summary>
    public static Contender HaProxyWithTokens(string folder, int port, TokenSet tokens)
    {
        var file = Path.Combine(folder, $"haproxy.{port}.cfg");
        File.WriteAllText(file, $$"""
            global
              nbthread 1
              maxconn 4000
              log stdout format raw local0
            defaults
              mode http
              log global
              option http-keep-alive
              http-reuse always
              timeout connect 5s
              timeout client 60s
              timeout server 60s
              log-format '%tr %[var(txn.sub)] %b %HM %HP %ST %Ta'
            backend counted
              stick-table type string len 64 size 100k expire 10s store http_req_rate(1s)
            frontend f
              bind 127.0.0.1:{{port}}
              http-request set-var(txn.bearer) http_auth_bearer
              http-request set-var(txn.alg) var(txn.bearer),jwt_header_query('$.alg')
              http-request deny deny_status 401 unless { var(txn.alg) -m str RS256 }
              http-request set-var(txn.iss) var(txn.bearer),jwt_payload_query('$.iss')
              http-request set-var(txn.aud) var(txn.bearer),jwt_payload_query('$.aud')
              http-request set-var(txn.sub) var(txn.bearer),jwt_payload_query('$.sub')
              http-request set-var(txn.scope) var(txn.bearer),jwt_payload_query('$.scope')
              http-request set-var(txn.exp) var(txn.bearer),jwt_payload_query('$.exp','int')
              http-request set-var(txn.now) date()
              http-request deny deny_status 401 unless { var(txn.iss) -m str {{TokenSet.Issuer}} }
              http-request deny deny_status 401 unless { var(txn.aud) -m str {{TokenSet.Audience}} }
              http-request deny deny_status 401 if { var(txn.exp),sub(txn.now) -m int lt 0 }
              http-request deny deny_status 401 unless { var(txn.bearer),jwt_verify(txn.alg,"{{tokens.PublicKey}}") 1 }
              http-request deny deny_status 403 unless { var(txn.scope) -m sub orders.read }
              http-request track-sc0 var(txn.sub) table counted
              http-request deny deny_status 429 if { sc_http_req_rate(0,counted) gt 1000000000 }
              http-request del-header X-Consumer
              http-request set-header X-Consumer %[var(txn.sub)]
              http-response del-header Server
              default_backend b
            backend b
              server s 127.0.0.1:{{Declarations.Upstream}}

            """);
        return new Contender("haproxy", port, ["haproxy", "-f", file]);
    }

    public static Contender OrdinaryYarp(string folder, int port, TokenSet tokens) =>
        new("yarp + JwtBearer + RateLimiter + Serilog", port,
            [Environment.ProcessPath!, "serve-ordinary", $"{port}", $"http://127.0.0.1:{Declarations.Upstream}", tokens.PublicKey,
                Path.Combine(folder, $"ordinary.{port}.log")]);

    public static Contender Yarp(int port, string name, string program) =>
        new(name, port, [program, "serve-yarp", $"{port}", $"http://127.0.0.1:{Declarations.Upstream}"]);

    /// <summary>A wrk script that sends the same small JSON by POST, with the header fields that wrk is given.</summary>
    public static string Post(string folder, string body)
    {
        var file = Path.Combine(folder, "post.lua");
        File.WriteAllText(file, $"""
            wrk.method = "POST"
            wrk.body = '{body}'
            wrk.headers["Content-Type"] = "application/json"
            """);
        return file;
    }

    /// <summary>A collector on core 1 that reads what it is sent and takes it.</summary>
    public static Contender Collector(int port) => new("collector", port, [Programs.Yarp, "serve-collector", $"{port}"]);

    /// <summary>A wrk script that asks for one of many routes at random.</summary>
    public static string RandomRoutes(string folder, int count)
    {
        var file = Path.Combine(folder, $"routes{count}.lua");
        File.WriteAllText(file, $$"""
            math.randomseed(17)
            request = function() return wrk.format("GET", "/svc" .. math.random(0, {{count - 1}}) .. "/orders/42") end
            """);
        return file;
    }
}

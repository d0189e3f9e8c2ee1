-- Sends prepared requests, each once: line by line from the file that LIYU_REQUESTS names.
-- A line is method, path, Authorization, Idempotency-Key (may be empty) and body, with tabs between.
local requests = {}
local position = 0
sent_twice_flag = 0

function init(args)
  for line in io.lines(os.getenv("LIYU_REQUESTS")) do
    local method, path, authorization, key, body = line:match("^(.-)\t(.-)\t(.-)\t(.-)\t(.*)$")
    local headers = { ["Authorization"] = authorization }
    if body ~= "" then headers["Content-Type"] = "application/json" end
    if key ~= "" then headers["Idempotency-Key"] = key end
    requests[#requests + 1] = wrk.format(method, path, headers, body)
  end
end

-- wrk looks at one request before it opens a connection and does not send it: that one must not be used up, or a
-- query further down would ask for a payment that never was.
local looked_at = false

function request()
  if not looked_at then
    looked_at = true
    return requests[1]
  end
  position = position + 1
  if position > #requests then
    sent_twice_flag = 1
    position = 1
  end
  return requests[position]
end

-- Each connection waits before its first request until all are open: what is measured is the till's answer, not the
-- burst in which they connect.
local connections = tonumber(os.getenv("LIYU_CONNECTIONS"))
local opened = 0
local open_ms = 100

function delay()
  if opened == connections then return 0 end
  opened = opened + 1
  return open_ms
end

local threads = {}

function setup(thread)
  threads[#threads + 1] = thread
end

function done(summary, latency, counts)
  local twice = 0
  for _, thread in ipairs(threads) do
    twice = twice + (thread:get("sent_twice_flag") or 0)
  end
  io.write(string.format(
    '{"requests": %d, "seconds": %.6f, "p50_us": %d, "p99_us": %d, "refused": %d, "broken": %d, "twice": %d}\n',
    summary.requests, (summary.duration / 1e3 - open_ms) / 1e3, latency:percentile(50), latency:percentile(99),
    summary.errors.status, summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout,
    twice))
end

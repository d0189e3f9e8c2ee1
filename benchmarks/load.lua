-- Sends prepared requests, each once: line by line from the file that LIYU_REQUESTS names.
local requests = {}
local position = 0
sent_twice_flag = 0

function init(args)
  for line in io.lines(os.getenv("LIYU_REQUESTS")) do
    local authorization, body = line:match("^(.-)\t(.*)$")
    local headers = { ["Authorization"] = authorization, ["Content-Type"] = "application/json" }
    requests[#requests + 1] = wrk.format("POST", "/v1/pos/redemptions", headers, body)
  end
end

function request()
  position = position + 1
  if position > #requests then
    sent_twice_flag = 1
    position = 1
  end
  return requests[position]
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
    summary.requests, summary.duration / 1e6, latency:percentile(50), latency:percentile(99),
    summary.errors.status, summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout,
    twice))
end

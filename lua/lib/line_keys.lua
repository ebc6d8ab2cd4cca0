-- The keys of the line, where parked jobs wait; lua/README.md says how they hang together.
local parked = KEYS[+] -- zset, lex: class\0order id
local line = KEYS[+] -- zset, lex: gate\0lane\0order id\0class
local turns = KEYS[+] -- zset, lex: gate\0key\0lane
local places = KEYS[+] -- hash: class -> gate\0order id; gate\0lane -> key; !last, !now, !alarm
local gates = KEYS[+] -- zset, gate by the instant (us) at which to look there
local lanes = KEYS[+] -- zset, lane by its virtual finish time
local rates = KEYS[+] -- zset, limiter by its theoretical arrival time (us); h and limiter: held until
local slots = KEYS[+] -- zset, lex: limiter\0id
local pumped = KEYS[+] -- zset, ids that run or are stranded without an entry
local timers = KEYS[+] -- zset, "x id" by expiry, "a id" by the end of its patience (us)
local limits = KEYS[+] -- hash, what was published and set: limits, weights, pauses
local park = { parked = parked, line = line, turns = turns, places = places, gates = gates, lanes = lanes, rates = rates,
  slots = slots, pumped = pumped, timers = timers, limits = limits, jobs = jobs, stream = stream, wake = wake }

--# include lib/touch.lua

-- As `touch`, for all of them.
local function touch_line()
  touch({ places, limits }, { parked, line, turns, gates, lanes, rates, slots, pumped, timers })
end

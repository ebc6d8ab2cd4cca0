-- The keys of scripts in which a run may end as cancelled (lib/end_asked.lua); `jobs`, `state`, `stream`,
-- `scheduled` and `wake` stand before them.
local leases = KEYS[+]
local claims = KEYS[+]
local held = KEYS[+]
local errors = KEYS[+] -- hash, id -> the last failure
local progress = KEYS[+]
local checkpoints = KEYS[+]
local results = KEYS[+]
local results_expiry = KEYS[+]
local waiters = KEYS[+]
local dropped = KEYS[+]
local schedule_ended = KEYS[+]
local counts = KEYS[+]
--# include lib/run_keys.lua
--# include lib/tally_keys.lua
park.state, park.scheduled, park.counts = state, scheduled, counts
local ending = { jobs = jobs, state = state, stream = stream, leases = leases, claims = claims, held = held, errors = errors,
  progress = progress, checkpoints = checkpoints, results = results, results_expiry = results_expiry, waiters = waiters,
  dropped = dropped, schedule_ended = schedule_ended, counts = counts, park = park, sums = sums }

-- As `touch`, for all of them.
local function touch_ending()
  touch({ jobs, state, claims, held, errors, progress, checkpoints, results, waiters, counts },
    { leases, results_expiry, scheduled, cancelling }, { dropped, schedule_ended, wake }, stream)
  touch_line()
end

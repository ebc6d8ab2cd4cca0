-- The keys that only follow-ups need; `jobs`, `state` and the like stand before them.
local outbox = KEYS[+] -- stream of jobs for other queues
local returned = KEYS[+]
local stranded = KEYS[+]
local follow_keys = { jobs = jobs, state = state, stream = stream, scheduled = scheduled, counts = counts, wake = wake,
  errors = errors, checkpoints = checkpoints, outbox = outbox, returned = returned, stranded = stranded, park = park, sums = sums }

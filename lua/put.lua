#!lua
-- Accepts one plain job the shortest way: what most calls bring, with no keys but those that it needs.
-- Returns `OK*1`; nothing where it takes more than that (a repeat, a producer's first call, a new queue): the
-- same call is for `enqueue` then, and nothing has changed.
local schema = KEYS[1] -- string
local jobs = KEYS[2] -- hash, id -> record
local stream = KEYS[3]
local counts = KEYS[4] -- hash
local wake = KEYS[5] -- list, at most one marker
--# include lib/tally_names.lua
local producer = KEYS[+] -- string, this producer's last call
local counter = ARGV[1] -- number of this producer's call
local producer_ttl_ms = ARGV[2]
local first_item = 3 -- ARGV[3...]: as enqueue's

--# include lib/plain.lua
return accept_plain(schema, jobs, stream, counts, wake, producer, sums, first_item)

-- What became of jobs, counted by task (lib/tally_count.lua).
local tally = KEYS[+] -- string of 64-bit numbers: 8 counts of each task, from 6,400 on 60 numbers of the times of each
local tallied = KEYS[+] -- hash: task -> its place there; what stood there when this minute and this hour began
local history = KEYS[+] -- stream: `m`, what was counted in a minute, and `h`, the times of an hour
local sums = { tally = tally, tallied = tallied, history = history }

-- Makes a change as a whole, or not at all.
--
-- KEYS   1 payment, 2 due, 3 ledger, 4 balances, 5 events, 6 number of the last event, 7... idempotency keys
-- ARGV   1 the payment's id
--        2 the version it must have, "0" if it must not exist
--        3 its new version, 4 its new record; "" and "" to leave it as it is
--        5 when its lease ends, in ms, "" if it is not on its way
--        6 the ledger entry, "" for none
--        7 the event, "" for none, 8 how many events to keep
--        9 n, then n times: account, amount
--        then, for each idempotency key: "1" if it must be free, the claim or "" to free it, and how many ms it lasts
--
-- Returns 1, or 0 if something was not as it must be.

local legs = 9
local claims = legs + 1 + 2 * tonumber(ARGV[legs])

if (redis.call('HGET', KEYS[1], 'version') or '0') ~= ARGV[2] then
  return 0
end
for i = 7, #KEYS do
  if ARGV[claims + 3 * (i - 7)] == '1' and redis.call('EXISTS', KEYS[i]) == 1 then
    return 0
  end
end

if ARGV[3] ~= '' then
  redis.call('HSET', KEYS[1], 'version', ARGV[3], 'record', ARGV[4])
  if ARGV[5] ~= '' then
    redis.call('ZADD', KEYS[2], ARGV[5], ARGV[1])
  else
    redis.call('ZREM', KEYS[2], ARGV[1])
  end
end

if ARGV[6] ~= '' then
  redis.call('RPUSH', KEYS[3], ARGV[6])
  for i = legs + 1, claims - 1, 2 do
    redis.call('HINCRBY', KEYS[4], ARGV[i], ARGV[i + 1])
  end
end

if ARGV[7] ~= '' then
  local number = redis.call('INCR', KEYS[6])
  redis.call('XADD', KEYS[5], 'MAXLEN', '~', ARGV[8], number .. '-0', 'event', ARGV[7])
end

for i = 7, #KEYS do
  local at = claims + 3 * (i - 7)
  if ARGV[at + 1] ~= '' then
    redis.call('SET', KEYS[i], ARGV[at + 1], 'PX', ARGV[at + 2])
  else
    redis.call('DEL', KEYS[i])
  end
end
return 1

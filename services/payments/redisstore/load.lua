-- Reads a payment's record and what is known of an idempotency key, as of one moment.
--
-- KEYS   1 payment, 2 idempotency key, if one is asked for

local claim = ''
if KEYS[2] then
  claim = redis.call('GET', KEYS[2]) or ''
end
return {redis.call('HGET', KEYS[1], 'record') or '', claim}

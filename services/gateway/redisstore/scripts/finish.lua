-- id, fence, status, answer's status, answer's body, release, event
local id = ARGV[1]
local ok = holds(id, ARGV[2])
if ok ~= 'ok' then return ok end
local v = redis.call('HMGET', order_key(id), 'step', 'claim', 'attempt')
if v[1] == '' then return 'ok' end -- a reply that was lost

redis.call('HSET', order_key(id), 'status', ARGV[3], 'step', '', 'lease', '')
redis.call('HDEL', order_key(id), 'answer_status', 'answer_body', 'release')
redis.call('PEXPIRE', order_key(id), RETENTION)
redis.call('ZREM', open, id)

local key = v[2]
if key ~= '' then
  if ARGV[6] == '1' then
    redis.call('HDEL', claim_key(key), 'digest')
    redis.call('HSET', claim_key(key), 'attempt', tonumber(v[3]) + 1)
  else
    redis.call('HSET', claim_key(key), 'answer_status', ARGV[4], 'answer_body', ARGV[5])
  end
  redis.call('PEXPIRE', claim_key(key), KEY_TTL)
end
if ARGV[7] ~= '' then publish(ARGV[7]) end
return 'ok'

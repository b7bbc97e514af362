-- id, key, digest, attempt, order, customer, tenant, lease
local id, key, attempt = ARGV[1], ARGV[2], tonumber(ARGV[4])
local found = standing(key, ARGV[3])
if found[1] ~= 'vacant' then return found end
if tonumber(found[4]) > attempt then return {'retaken', '', '', found[4]} end
if redis.call('EXISTS', order_key(id)) == 1 then return {'retaken', '', '', tostring(attempt + 1)} end

local seq = redis.call('INCR', prefix .. 'seq')
redis.call('HSET', order_key(id), 'order', ARGV[5], 'seq', seq, 'fence', 1, 'claim', key, 'attempt', ARGV[4])
move(id, 'pending', 'hold', ARGV[8], '', '', '')
claim(key, ARGV[3], ARGV[4])

local function enlist(list, most)
  redis.call('ZADD', list, seq, id)
  redis.call('ZREMRANGEBYRANK', list, 0, -most - 1)
end
enlist(prefix .. 'customer:' .. ARGV[7] .. '/' .. ARGV[6], MAX_LISTED_CUSTOMER)
enlist(prefix .. 'tenant:' .. ARGV[7], MAX_LISTED_TENANT)
return {'vacant', '', '', ARGV[4]}

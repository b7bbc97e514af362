-- id, key, digest, lease
local id, key = ARGV[1], ARGV[2]
local found = standing(key, ARGV[3])
if found[1] ~= 'vacant' then return found end
local status = redis.call('HGET', order_key(id), 'status')
if not status then return {'missing'} end
if status ~= 'confirmed' then return {'state'} end

redis.call('PERSIST', order_key(id))
redis.call('HINCRBY', order_key(id), 'fence', 1)
redis.call('HSET', order_key(id), 'claim', key, 'attempt', found[4])
move(id, 'refunding', 'refund', ARGV[4], '', '', '')
claim(key, ARGV[3], found[4])
for _, v in ipairs(record(id)) do found[#found + 1] = v end
return found

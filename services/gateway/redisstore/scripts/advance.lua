-- id, fence, status, step, lease, answer's status, answer's body, release
local id = ARGV[1]
local ok = holds(id, ARGV[2])
if ok ~= 'ok' then return ok end
if redis.call('HGET', order_key(id), 'step') == '' then return 'fenced' end
move(id, ARGV[3], ARGV[4], ARGV[5], ARGV[6], ARGV[7], ARGV[8])
return 'ok'

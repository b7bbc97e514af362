-- token
local family = redis.call('HGET', prefix .. 'token:' .. ARGV[1], 'family')
if family then redis.call('DEL', prefix .. 'family:' .. family) end
return 'ok'

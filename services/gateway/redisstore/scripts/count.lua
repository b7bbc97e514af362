-- group, event's id, field, orders, total; an event is acknowledged once
if redis.call('XACK', events, ARGV[1], ARGV[2]) == 1 then
  redis.call('HINCRBY', prefix .. 'sales', ARGV[3] .. '/orders', ARGV[4])
  redis.call('HINCRBY', prefix .. 'sales', ARGV[3] .. '/total', ARGV[5])
end
return 'ok'

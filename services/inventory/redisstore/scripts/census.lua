-- Returns when the first hold is due, and statuses with the number of holds they have.
local first = redis.call('ZRANGE', due_key, 0, 0, 'WITHSCORES')
return {'done', {first[2] or ''}, redis.call('HGETALL', census_key)}

-- Sets aside all lines of a hold, or none, unless its id is known.
local id, reference, lines, expires, most = ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6]
local old = read_hold(id)
if old[2] then return {'known', old} end
local line, there = first_short(lines)
if line then return {there and 'short' or 'unknown', tostring(line)} end
if full(most) then return {'full'} end
move(lines, 'available', 'held')
write_hold(id, reference, 'held', lines, expires)
return {'done'}

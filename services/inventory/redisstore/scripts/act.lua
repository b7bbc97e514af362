-- Carries out a step of an action. From ARGV[5] on, each step is a status before and
-- one after, a pile to take from and one to give to.
local id, now, most = ARGV[2], ARGV[3], ARGV[4]
local old = read_hold(id)
local reference, status, lines, expires = old[1] or '', old[2] or '', old[3] or '', old[4] or now

for i = 5, #ARGV, 4 do
  local from, to, take, give = unpack(ARGV, i, i + 3)
  if from == status then
    if to == from then return {'done', old} end
    if take == 'available' and first_short(lines) then return {'short'} end
    if from == '' and full(most) then return {'full'} end
    move(lines, take, give)
    write_hold(id, reference, to, lines, expires)
    return {'done', {reference, to, lines, expires}}
  end
end
return {'refused', status}

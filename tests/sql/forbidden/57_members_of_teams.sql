-- expect: no-such-table
select person, team from memberships

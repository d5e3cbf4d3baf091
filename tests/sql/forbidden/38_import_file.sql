-- expect: no-such-function
select lo_import('/etc/passwd')

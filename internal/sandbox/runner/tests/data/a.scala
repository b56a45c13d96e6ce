object A

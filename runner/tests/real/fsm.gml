graph [
  node_count 115
  edge_count 228

  node_data size float
  node_data label string

  node [
    id 1
    degree 2
    size 1
    label "waiting_P3"
  ]
  node [
    id 2
    degree 2
    size 1
    label "releasing_P3"
  ]
  node [
    id 3
    degree 2
    size 1
    label "init_P3"
  ]
  node [
    id 4
    degree 2
    size 1
    label "ready_to_consume"
  ]
  node [
    id 5
    degree 2
    size 1
    label "ready_to_receive"
  ]
  node [
    id 6
    degree 2
    size 1
    label "waiting_P2"
  ]
  node [
    id 7
    degree 2
    size 1
    label "releasing_P2"
  ]
  node [
    id 8
    degree 2
    size 1
    label "init_P2"
  ]
  node [
    id 9
    degree 2
    size 1
    label "waiting_P1"
  ]
  node [
    id 10
    degree 2
    size 1
    label "releasing_P1"
  ]
  node [
    id 11
    degree 2
    size 1
    label "init_P1"
  ]
  node [
    id 12
    degree 2
    size 1
    label "ready_to_send"
  ]
  node [
    id 13
    degree 2
    size 1
    label "ready_to_produce"
  ]
  node [
    id 14
    degree 6
    size 1
    label "ext_P1"
  ]
  node [
    id 15
    degree 4
    size 1
    label "norm_P1"
  ]
  node [
    id 16
    degree 6
    size 1
    label "basic_P1"
  ]
  node [
    id 17
    degree 4
    size 1
    label "R2_off_P1"
  ]
  node [
    id 18
    degree 6
    size 1
    label "R1_off_P1"
  ]
  node [
    id 19
    degree 8
    size 1
    label "R1_on_P1"
  ]
  node [
    id 20
    degree 8
    size 1
    label "R2_on_P1"
  ]
  node [
    id 21
    degree 2
    size 1
    label "stop_moving_P1"
  ]
  node [
    id 22
    degree 4
    size 1
    label "step3_P1"
  ]
  node [
    id 23
    degree 4
    size 1
    label "step4_P1"
  ]
  node [
    id 24
    degree 4
    size 1
    label "step2_P1"
  ]
  node [
    id 25
    degree 4
    size 1
    label "step1_P1"
  ]
  node [
    id 26
    degree 2
    size 1
    label "start_moving_P1"
  ]
  node [
    id 27
    degree 6
    size 1
    label "ext_P2"
  ]
  node [
    id 28
    degree 4
    size 1
    label "norm_P2"
  ]
  node [
    id 29
    degree 6
    size 1
    label "basic_P2"
  ]
  node [
    id 30
    degree 4
    size 1
    label "R2_off_P2"
  ]
  node [
    id 31
    degree 6
    size 1
    label "R1_off_P2"
  ]
  node [
    id 32
    degree 8
    size 1
    label "R1_on_P2"
  ]
  node [
    id 33
    degree 8
    size 1
    label "R2_on_P2"
  ]
  node [
    id 34
    degree 2
    size 1
    label "stop_moving_P2"
  ]
  node [
    id 35
    degree 4
    size 1
    label "step3_P2"
  ]
  node [
    id 36
    degree 4
    size 1
    label "step4_P2"
  ]
  node [
    id 37
    degree 4
    size 1
    label "step2_P2"
  ]
  node [
    id 38
    degree 4
    size 1
    label "step1_P2"
  ]
  node [
    id 39
    degree 2
    size 1
    label "start_moving_P2"
  ]
  node [
    id 40
    degree 6
    size 1
    label "ext_P3"
  ]
  node [
    id 41
    degree 4
    size 1
    label "norm_P3"
  ]
  node [
    id 42
    degree 6
    size 1
    label "basic_P3"
  ]
  node [
    id 43
    degree 4
    size 1
    label "R2_off_P3"
  ]
  node [
    id 44
    degree 6
    size 1
    label "R1_off_P3"
  ]
  node [
    id 45
    degree 8
    size 1
    label "R1_on_P3"
  ]
  node [
    id 46
    degree 8
    size 1
    label "R2_on_P3"
  ]
  node [
    id 47
    degree 2
    size 1
    label "stop_moving_P3"
  ]
  node [
    id 48
    degree 4
    size 1
    label "step3_P3"
  ]
  node [
    id 49
    degree 4
    size 1
    label "step4_P3"
  ]
  node [
    id 50
    degree 4
    size 1
    label "step2_P3"
  ]
  node [
    id 51
    degree 4
    size 1
    label "step1_P3"
  ]
  node [
    id 52
    degree 2
    size 1
    label "start_moving_P3"
  ]
  node [
    id 53
    degree 2
    size 1
    label "pos1_free"
  ]
  node [
    id 54
    degree 2
    size 1
    label "pos2_full"
  ]
  node [
    id 55
    degree 2
    size 1
    label "pos1_full"
  ]
  node [
    id 56
    degree 2
    size 1
    label "pos2_free"
  ]
  node [
    id 57
    degree 2
    size 1
    label "pos3_full"
  ]
  node [
    id 58
    degree 2
    size 1
    label "pos3_free"
  ]
  node [
    id 59
    degree 2
    size 1
    label "pos4_full"
  ]
  node [
    id 60
    degree 2
    size 1
    label "pos4_free"
  ]
  node [
    id 61
    degree 3
    size 1
    label "aquire_output_area_P3"
  ]
  node [
    id 62
    degree 3
    size 1
    label "release_output_area_P3"
  ]
  node [
    id 63
    degree 3
    size 1
    label "aquire_input_area_P3"
  ]
  node [
    id 64
    degree 3
    size 1
    label "release_input_area_P3"
  ]
  node [
    id 65
    degree 4
    size 1
    label "receive"
  ]
  node [
    id 66
    degree 2
    size 1
    label "consume"
  ]
  node [
    id 67
    degree 3
    size 1
    label "aquire_output_area_P2"
  ]
  node [
    id 68
    degree 3
    size 1
    label "release_output_area_P2"
  ]
  node [
    id 69
    degree 3
    size 1
    label "aquire_input_area_P2"
  ]
  node [
    id 70
    degree 3
    size 1
    label "release_input_area_P2"
  ]
  node [
    id 71
    degree 3
    size 1
    label "aquire_output_area_P1"
  ]
  node [
    id 72
    degree 3
    size 1
    label "release_output_area_P1"
  ]
  node [
    id 73
    degree 3
    size 1
    label "aquire_input_area_P1"
  ]
  node [
    id 74
    degree 3
    size 1
    label "release_input_area_P1"
  ]
  node [
    id 75
    degree 4
    size 1
    label "send"
  ]
  node [
    id 76
    degree 2
    size 1
    label "produce"
  ]
  node [
    id 77
    degree 4
    size 1
    label "ext2norm_P1"
  ]
  node [
    id 78
    degree 4
    size 1
    label "norm2ext_P1"
  ]
  node [
    id 79
    degree 4
    size 1
    label "norm2basic_P1"
  ]
  node [
    id 80
    degree 4
    size 1
    label "basic2norm_P1"
  ]
  node [
    id 81
    degree 4
    size 1
    label "R2_set_on_P1"
  ]
  node [
    id 82
    degree 4
    size 1
    label "R2_set_off_P1"
  ]
  node [
    id 83
    degree 4
    size 1
    label "R1_set_off_P1"
  ]
  node [
    id 84
    degree 4
    size 1
    label "R1_set_on_P1"
  ]
  node [
    id 85
    degree 6
    size 1
    label "tr3_P1"
  ]
  node [
    id 86
    degree 6
    size 1
    label "tr4_P1"
  ]
  node [
    id 87
    degree 6
    size 1
    label "tr2_P1"
  ]
  node [
    id 88
    degree 6
    size 1
    label "tr1_P1"
  ]
  node [
    id 89
    degree 4
    size 1
    label "tr5_P1"
  ]
  node [
    id 90
    degree 4
    size 1
    label "ext2norm_P2"
  ]
  node [
    id 91
    degree 4
    size 1
    label "norm2ext_P2"
  ]
  node [
    id 92
    degree 4
    size 1
    label "norm2basic_P2"
  ]
  node [
    id 93
    degree 4
    size 1
    label "basic2norm_P2"
  ]
  node [
    id 94
    degree 4
    size 1
    label "R2_set_on_P2"
  ]
  node [
    id 95
    degree 4
    size 1
    label "R2_set_off_P2"
  ]
  node [
    id 96
    degree 4
    size 1
    label "R1_set_off_P2"
  ]
  node [
    id 97
    degree 4
    size 1
    label "R1_set_on_P2"
  ]
  node [
    id 98
    degree 6
    size 1
    label "tr3_P2"
  ]
  node [
    id 99
    degree 6
    size 1
    label "tr4_P2"
  ]
  node [
    id 100
    degree 6
    size 1
    label "tr2_P2"
  ]
  node [
    id 101
    degree 6
    size 1
    label "tr1_P2"
  ]
  node [
    id 102
    degree 4
    size 1
    label "tr5_P2"
  ]
  node [
    id 103
    degree 4
    size 1
    label "ext2norm_P3"
  ]
  node [
    id 104
    degree 4
    size 1
    label "norm2ext_P3"
  ]
  node [
    id 105
    degree 4
    size 1
    label "norm2basic_P3"
  ]
  node [
    id 106
    degree 4
    size 1
    label "basic2norm_P3"
  ]
  node [
    id 107
    degree 4
    size 1
    label "R2_set_on_P3"
  ]
  node [
    id 108
    degree 4
    size 1
    label "R2_set_off_P3"
  ]
  node [
    id 109
    degree 4
    size 1
    label "R1_set_off_P3"
  ]
  node [
    id 110
    degree 4
    size 1
    label "R1_set_on_P3"
  ]
  node [
    id 111
    degree 6
    size 1
    label "tr3_P3"
  ]
  node [
    id 112
    degree 6
    size 1
    label "tr4_P3"
  ]
  node [
    id 113
    degree 6
    size 1
    label "tr2_P3"
  ]
  node [
    id 114
    degree 6
    size 1
    label "tr1_P3"
  ]
  node [
    id 115
    degree 4
    size 1
    label "tr5_P3"
  ]
  edge [
    id 1
    source 61
    target 52
  ]
  edge [
    id 2
    source 62
    target 2
  ]
  edge [
    id 3
    source 62
    target 59
  ]
  edge [
    id 4
    source 63
    target 1
  ]
  edge [
    id 5
    source 64
    target 3
  ]
  edge [
    id 6
    source 64
    target 58
  ]
  edge [
    id 7
    source 65
    target 4
  ]
  edge [
    id 8
    source 65
    target 60
  ]
  edge [
    id 9
    source 66
    target 5
  ]
  edge [
    id 10
    source 67
    target 39
  ]
  edge [
    id 11
    source 68
    target 7
  ]
  edge [
    id 12
    source 68
    target 57
  ]
  edge [
    id 13
    source 69
    target 6
  ]
  edge [
    id 14
    source 70
    target 8
  ]
  edge [
    id 15
    source 70
    target 56
  ]
  edge [
    id 16
    source 71
    target 26
  ]
  edge [
    id 17
    source 72
    target 10
  ]
  edge [
    id 18
    source 72
    target 54
  ]
  edge [
    id 19
    source 73
    target 9
  ]
  edge [
    id 20
    source 74
    target 11
  ]
  edge [
    id 21
    source 74
    target 53
  ]
  edge [
    id 22
    source 75
    target 13
  ]
  edge [
    id 23
    source 75
    target 55
  ]
  edge [
    id 24
    source 76
    target 12
  ]
  edge [
    id 25
    source 77
    target 15
  ]
  edge [
    id 26
    source 77
    target 20
  ]
  edge [
    id 27
    source 78
    target 14
  ]
  edge [
    id 28
    source 78
    target 19
  ]
  edge [
    id 29
    source 79
    target 16
  ]
  edge [
    id 30
    source 79
    target 20
  ]
  edge [
    id 31
    source 80
    target 15
  ]
  edge [
    id 32
    source 80
    target 19
  ]
  edge [
    id 33
    source 81
    target 20
  ]
  edge [
    id 34
    source 81
    target 22
  ]
  edge [
    id 35
    source 82
    target 17
  ]
  edge [
    id 36
    source 82
    target 23
  ]
  edge [
    id 37
    source 83
    target 18
  ]
  edge [
    id 38
    source 83
    target 24
  ]
  edge [
    id 39
    source 84
    target 19
  ]
  edge [
    id 40
    source 84
    target 25
  ]
  edge [
    id 41
    source 85
    target 14
  ]
  edge [
    id 42
    source 85
    target 18
  ]
  edge [
    id 43
    source 85
    target 22
  ]
  edge [
    id 44
    source 86
    target 16
  ]
  edge [
    id 45
    source 86
    target 20
  ]
  edge [
    id 46
    source 86
    target 23
  ]
  edge [
    id 47
    source 87
    target 14
  ]
  edge [
    id 48
    source 87
    target 19
  ]
  edge [
    id 49
    source 87
    target 24
  ]
  edge [
    id 50
    source 88
    target 16
  ]
  edge [
    id 51
    source 88
    target 18
  ]
  edge [
    id 52
    source 88
    target 25
  ]
  edge [
    id 53
    source 89
    target 17
  ]
  edge [
    id 54
    source 89
    target 21
  ]
  edge [
    id 55
    source 90
    target 28
  ]
  edge [
    id 56
    source 90
    target 33
  ]
  edge [
    id 57
    source 91
    target 27
  ]
  edge [
    id 58
    source 91
    target 32
  ]
  edge [
    id 59
    source 92
    target 29
  ]
  edge [
    id 60
    source 92
    target 33
  ]
  edge [
    id 61
    source 93
    target 28
  ]
  edge [
    id 62
    source 93
    target 32
  ]
  edge [
    id 63
    source 94
    target 33
  ]
  edge [
    id 64
    source 94
    target 35
  ]
  edge [
    id 65
    source 95
    target 30
  ]
  edge [
    id 66
    source 95
    target 36
  ]
  edge [
    id 67
    source 96
    target 31
  ]
  edge [
    id 68
    source 96
    target 37
  ]
  edge [
    id 69
    source 97
    target 32
  ]
  edge [
    id 70
    source 97
    target 38
  ]
  edge [
    id 71
    source 98
    target 27
  ]
  edge [
    id 72
    source 98
    target 31
  ]
  edge [
    id 73
    source 98
    target 35
  ]
  edge [
    id 74
    source 99
    target 29
  ]
  edge [
    id 75
    source 99
    target 33
  ]
  edge [
    id 76
    source 99
    target 36
  ]
  edge [
    id 77
    source 100
    target 27
  ]
  edge [
    id 78
    source 100
    target 32
  ]
  edge [
    id 79
    source 100
    target 37
  ]
  edge [
    id 80
    source 101
    target 29
  ]
  edge [
    id 81
    source 101
    target 31
  ]
  edge [
    id 82
    source 101
    target 38
  ]
  edge [
    id 83
    source 102
    target 30
  ]
  edge [
    id 84
    source 102
    target 34
  ]
  edge [
    id 85
    source 103
    target 41
  ]
  edge [
    id 86
    source 103
    target 46
  ]
  edge [
    id 87
    source 104
    target 40
  ]
  edge [
    id 88
    source 104
    target 45
  ]
  edge [
    id 89
    source 105
    target 42
  ]
  edge [
    id 90
    source 105
    target 46
  ]
  edge [
    id 91
    source 106
    target 41
  ]
  edge [
    id 92
    source 106
    target 45
  ]
  edge [
    id 93
    source 107
    target 46
  ]
  edge [
    id 94
    source 107
    target 48
  ]
  edge [
    id 95
    source 108
    target 43
  ]
  edge [
    id 96
    source 108
    target 49
  ]
  edge [
    id 97
    source 109
    target 44
  ]
  edge [
    id 98
    source 109
    target 50
  ]
  edge [
    id 99
    source 110
    target 45
  ]
  edge [
    id 100
    source 110
    target 51
  ]
  edge [
    id 101
    source 111
    target 40
  ]
  edge [
    id 102
    source 111
    target 44
  ]
  edge [
    id 103
    source 111
    target 48
  ]
  edge [
    id 104
    source 112
    target 42
  ]
  edge [
    id 105
    source 112
    target 46
  ]
  edge [
    id 106
    source 112
    target 49
  ]
  edge [
    id 107
    source 113
    target 40
  ]
  edge [
    id 108
    source 113
    target 45
  ]
  edge [
    id 109
    source 113
    target 50
  ]
  edge [
    id 110
    source 114
    target 42
  ]
  edge [
    id 111
    source 114
    target 44
  ]
  edge [
    id 112
    source 114
    target 51
  ]
  edge [
    id 113
    source 115
    target 43
  ]
  edge [
    id 114
    source 115
    target 47
  ]
  edge [
    id 115
    source 1
    target 61
  ]
  edge [
    id 116
    source 60
    target 61
  ]
  edge [
    id 117
    source 47
    target 62
  ]
  edge [
    id 118
    source 3
    target 63
  ]
  edge [
    id 119
    source 57
    target 63
  ]
  edge [
    id 120
    source 2
    target 64
  ]
  edge [
    id 121
    source 5
    target 65
  ]
  edge [
    id 122
    source 59
    target 65
  ]
  edge [
    id 123
    source 4
    target 66
  ]
  edge [
    id 124
    source 6
    target 67
  ]
  edge [
    id 125
    source 58
    target 67
  ]
  edge [
    id 126
    source 34
    target 68
  ]
  edge [
    id 127
    source 8
    target 69
  ]
  edge [
    id 128
    source 54
    target 69
  ]
  edge [
    id 129
    source 7
    target 70
  ]
  edge [
    id 130
    source 9
    target 71
  ]
  edge [
    id 131
    source 56
    target 71
  ]
  edge [
    id 132
    source 21
    target 72
  ]
  edge [
    id 133
    source 11
    target 73
  ]
  edge [
    id 134
    source 55
    target 73
  ]
  edge [
    id 135
    source 10
    target 74
  ]
  edge [
    id 136
    source 12
    target 75
  ]
  edge [
    id 137
    source 53
    target 75
  ]
  edge [
    id 138
    source 13
    target 76
  ]
  edge [
    id 139
    source 14
    target 77
  ]
  edge [
    id 140
    source 20
    target 77
  ]
  edge [
    id 141
    source 15
    target 78
  ]
  edge [
    id 142
    source 19
    target 78
  ]
  edge [
    id 143
    source 15
    target 79
  ]
  edge [
    id 144
    source 20
    target 79
  ]
  edge [
    id 145
    source 16
    target 80
  ]
  edge [
    id 146
    source 19
    target 80
  ]
  edge [
    id 147
    source 17
    target 81
  ]
  edge [
    id 148
    source 22
    target 81
  ]
  edge [
    id 149
    source 20
    target 82
  ]
  edge [
    id 150
    source 23
    target 82
  ]
  edge [
    id 151
    source 19
    target 83
  ]
  edge [
    id 152
    source 24
    target 83
  ]
  edge [
    id 153
    source 18
    target 84
  ]
  edge [
    id 154
    source 25
    target 84
  ]
  edge [
    id 155
    source 14
    target 85
  ]
  edge [
    id 156
    source 18
    target 85
  ]
  edge [
    id 157
    source 24
    target 85
  ]
  edge [
    id 158
    source 16
    target 86
  ]
  edge [
    id 159
    source 20
    target 86
  ]
  edge [
    id 160
    source 22
    target 86
  ]
  edge [
    id 161
    source 14
    target 87
  ]
  edge [
    id 162
    source 19
    target 87
  ]
  edge [
    id 163
    source 25
    target 87
  ]
  edge [
    id 164
    source 16
    target 88
  ]
  edge [
    id 165
    source 18
    target 88
  ]
  edge [
    id 166
    source 26
    target 88
  ]
  edge [
    id 167
    source 17
    target 89
  ]
  edge [
    id 168
    source 23
    target 89
  ]
  edge [
    id 169
    source 27
    target 90
  ]
  edge [
    id 170
    source 33
    target 90
  ]
  edge [
    id 171
    source 28
    target 91
  ]
  edge [
    id 172
    source 32
    target 91
  ]
  edge [
    id 173
    source 28
    target 92
  ]
  edge [
    id 174
    source 33
    target 92
  ]
  edge [
    id 175
    source 29
    target 93
  ]
  edge [
    id 176
    source 32
    target 93
  ]
  edge [
    id 177
    source 30
    target 94
  ]
  edge [
    id 178
    source 35
    target 94
  ]
  edge [
    id 179
    source 33
    target 95
  ]
  edge [
    id 180
    source 36
    target 95
  ]
  edge [
    id 181
    source 32
    target 96
  ]
  edge [
    id 182
    source 37
    target 96
  ]
  edge [
    id 183
    source 31
    target 97
  ]
  edge [
    id 184
    source 38
    target 97
  ]
  edge [
    id 185
    source 27
    target 98
  ]
  edge [
    id 186
    source 31
    target 98
  ]
  edge [
    id 187
    source 37
    target 98
  ]
  edge [
    id 188
    source 29
    target 99
  ]
  edge [
    id 189
    source 33
    target 99
  ]
  edge [
    id 190
    source 35
    target 99
  ]
  edge [
    id 191
    source 27
    target 100
  ]
  edge [
    id 192
    source 32
    target 100
  ]
  edge [
    id 193
    source 38
    target 100
  ]
  edge [
    id 194
    source 29
    target 101
  ]
  edge [
    id 195
    source 31
    target 101
  ]
  edge [
    id 196
    source 39
    target 101
  ]
  edge [
    id 197
    source 30
    target 102
  ]
  edge [
    id 198
    source 36
    target 102
  ]
  edge [
    id 199
    source 40
    target 103
  ]
  edge [
    id 200
    source 46
    target 103
  ]
  edge [
    id 201
    source 41
    target 104
  ]
  edge [
    id 202
    source 45
    target 104
  ]
  edge [
    id 203
    source 41
    target 105
  ]
  edge [
    id 204
    source 46
    target 105
  ]
  edge [
    id 205
    source 42
    target 106
  ]
  edge [
    id 206
    source 45
    target 106
  ]
  edge [
    id 207
    source 43
    target 107
  ]
  edge [
    id 208
    source 48
    target 107
  ]
  edge [
    id 209
    source 46
    target 108
  ]
  edge [
    id 210
    source 49
    target 108
  ]
  edge [
    id 211
    source 45
    target 109
  ]
  edge [
    id 212
    source 50
    target 109
  ]
  edge [
    id 213
    source 44
    target 110
  ]
  edge [
    id 214
    source 51
    target 110
  ]
  edge [
    id 215
    source 40
    target 111
  ]
  edge [
    id 216
    source 44
    target 111
  ]
  edge [
    id 217
    source 50
    target 111
  ]
  edge [
    id 218
    source 42
    target 112
  ]
  edge [
    id 219
    source 46
    target 112
  ]
  edge [
    id 220
    source 48
    target 112
  ]
  edge [
    id 221
    source 40
    target 113
  ]
  edge [
    id 222
    source 45
    target 113
  ]
  edge [
    id 223
    source 51
    target 113
  ]
  edge [
    id 224
    source 42
    target 114
  ]
  edge [
    id 225
    source 44
    target 114
  ]
  edge [
    id 226
    source 52
    target 114
  ]
  edge [
    id 227
    source 43
    target 115
  ]
  edge [
    id 228
    source 49
    target 115
  ]
]

#!/bin/sh
# Makes the encoded loops that sfu-load publishes. Run once; the results are committed, so nobody needs ffmpeg to test.
# Made with Debian's ffmpeg (libvpx, libaom, libx264, libopus). One thread and fixed seeds: the same version makes the same bytes.
#
# Video: one keyframe per loop, the first frame, so that "jump to the loop's start" answers a keyframe request; no B-frames,
# no hidden or dropped frames, so that frame n decodes from frame n - 1 alone. "large" is 640x360 at about 2.5 Mbit/s, a
# frame of nine or ten packets of 1,200 bytes; "small" is 320x180 at about 300 kbit/s, for tests; "tiny" is 160x90 at about
# 120 kbit/s, of which each frame fits into one packet, the keyframe too. VP9 and AV1 have one size, 320x180 at about 200 kbit/s.
# Audio: a 440 Hz tone in noise, packets of 20 ms.
set -eu
cd "$(dirname "$0")"

source() { # width height seed
    echo "testsrc2=size=$1x$2:rate=30,noise=alls=12:allf=t:all_seed=$3"
}

vp8() { # name width height seconds bitrate keyframe-percent
    ffmpeg -v error -y -f lavfi -i "$(source "$2" "$3" 7)" -t "$4" -an -pix_fmt yuv420p -c:v libvpx -threads 1 \
        -deadline realtime -cpu-used 4 -b:v "$5" -minrate "$5" -maxrate "$5" -bufsize "$5" -undershoot-pct 5 -overshoot-pct 5 \
        -max-intra-rate "$6" -g 9999 -keyint_min 9999 -auto-alt-ref 0 -lag-in-frames 0 -drop-threshold 0 -fflags +bitexact -flags:v +bitexact "$1.ivf"
}

vp9() { # name width height seconds bitrate
    ffmpeg -v error -y -f lavfi -i "$(source "$2" "$3" 7)" -t "$4" -an -pix_fmt yuv420p -c:v libvpx-vp9 -threads 1 -row-mt 0 \
        -deadline realtime -cpu-used 6 -b:v "$5" -minrate "$5" -maxrate "$5" -bufsize "$5" -undershoot-pct 5 -overshoot-pct 5 \
        -max-intra-rate 300 -g 9999 -keyint_min 9999 -auto-alt-ref 0 -lag-in-frames 0 -drop-threshold 0 -fflags +bitexact -flags:v +bitexact "$1.ivf"
}

av1() { # name width height seconds bitrate
    ffmpeg -v error -y -f lavfi -i "$(source "$2" "$3" 7)" -t "$4" -an -pix_fmt yuv420p -c:v libaom-av1 -threads 1 -row-mt 0 \
        -usage realtime -cpu-used 8 -b:v "$5" -minrate "$5" -maxrate "$5" -bufsize "$5" -undershoot-pct 5 -overshoot-pct 5 \
        -g 9999 -keyint_min 9999 -lag-in-frames 0 -fflags +bitexact -flags:v +bitexact "$1.ivf"
}

h264() { # name width height seconds bitrate buffer keyframe-ratio
    ffmpeg -v error -y -f lavfi -i "$(source "$2" "$3" 7)" -t "$4" -an -pix_fmt yuv420p -c:v libx264 -threads 1 \
        -profile:v baseline -level 3.1 -preset medium -b:v "$5" -maxrate "$5" -bufsize "$6" \
        -x264-params "keyint=9999:min-keyint=9999:scenecut=0:bframes=0:ref=1:sliced-threads=0:aud=1:repeat-headers=1:nal-hrd=none:ipratio=$7" \
        -fflags +bitexact -flags:v +bitexact -f h264 "$1.h264"
}

vp8 large 640 360 3 2500k 300
vp8 small 320 180 2 300k 300
vp8 tiny 160 90 2 120k 150
vp9 vp9 320 180 2 200k
av1 av1 320 180 2 200k
h264 large 640 360 3 2500k 300k 1.4
h264 small 320 180 2 300k 300k 1.4
h264 tiny 160 90 2 120k 8k 1.0
ffmpeg -v error -y -f lavfi -i "sine=frequency=440:sample_rate=48000" -f lavfi -i "anoisesrc=r=48000:a=0.05:seed=7" \
    -filter_complex "amix=inputs=2" -t 3 -ac 2 -c:a libopus -b:a 48k -vbr on -frame_duration 20 -application audio \
    -fflags +bitexact -flags:a +bitexact tone.ogg

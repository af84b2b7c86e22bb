;; Rewrites JSON from UTF-8 to ISO 8859-1: a character of that set becomes one byte, any other the escape of its UTF-16
;; units. Sixteen bytes at a time, until one of them is not ASCII. `scripts/build-wasm.ts` makes latin1Module.ts of it.
(module
  ;; See latin1.ts for what lies where.
  (memory (export "memory") 17)

  (func $digit (param $value i32) (result i32)
    ;; 0 to 9 from "0" on, a to f 39 characters further.
    (i32.add
      (i32.add (local.get $value) (i32.const 48))
      (i32.mul (i32.gt_u (local.get $value) (i32.const 9)) (i32.const 39))))

  ;; Writes \uXXXX, six bytes.
  (func $escape (param $to i32) (param $unit i32)
    (i32.store16 (local.get $to) (i32.const 0x755c))
    (i32.store8 offset=2 (local.get $to) (call $digit (i32.shr_u (local.get $unit) (i32.const 12))))
    (i32.store8 offset=3 (local.get $to)
      (call $digit (i32.and (i32.shr_u (local.get $unit) (i32.const 8)) (i32.const 15))))
    (i32.store8 offset=4 (local.get $to)
      (call $digit (i32.and (i32.shr_u (local.get $unit) (i32.const 4)) (i32.const 15))))
    (i32.store8 offset=5 (local.get $to) (call $digit (i32.and (local.get $unit) (i32.const 15)))))

  ;; The code point of the sequence at $at, and its length in the upper byte; -1 if it is no UTF-8. A zero after the last
  ;; byte of the input is no continuation, so no sequence goes beyond it.
  (func $read (param $at i32) (result i32)
    (local $lead i32) (local $rest i32) (local $point i32)
    (local.set $lead (i32.load8_u (local.get $at)))
    (if (i32.lt_u (local.get $lead) (i32.const 0xe0))
      (then
        (local.set $rest (i32.load8_u offset=1 (local.get $at)))
        (if (i32.or
              ;; A continuation without a beginning, or two bytes for what takes one.
              (i32.lt_u (local.get $lead) (i32.const 0xc2))
              (i32.ne (i32.and (local.get $rest) (i32.const 0xc0)) (i32.const 0x80)))
          (then (return (i32.const -1))))
        (return
          (i32.or
            (i32.const 0x2000000)
            (i32.or
              (i32.shl (i32.and (local.get $lead) (i32.const 31)) (i32.const 6))
              (i32.and (local.get $rest) (i32.const 63)))))))
    (if (i32.lt_u (local.get $lead) (i32.const 0xf0))
      (then
        (local.set $rest (i32.load16_u offset=1 (local.get $at)))
        (if (i32.ne (i32.and (local.get $rest) (i32.const 0xc0c0)) (i32.const 0x8080))
          (then (return (i32.const -1))))
        (local.set $point
          (i32.or
            (i32.or
              (i32.shl (i32.and (local.get $lead) (i32.const 15)) (i32.const 12))
              (i32.shl (i32.and (local.get $rest) (i32.const 63)) (i32.const 6)))
            (i32.and (i32.shr_u (local.get $rest) (i32.const 8)) (i32.const 63))))
        (if (i32.or
              ;; Three bytes for what takes two, or half of a surrogate pair.
              (i32.lt_u (local.get $point) (i32.const 0x800))
              (i32.eq (i32.and (local.get $point) (i32.const 0xf800)) (i32.const 0xd800)))
          (then (return (i32.const -1))))
        (return (i32.or (i32.const 0x3000000) (local.get $point)))))
    (local.set $rest (i32.load (local.get $at)))
    (if (i32.or
          (i32.gt_u (local.get $lead) (i32.const 0xf4))
          (i32.ne (i32.and (local.get $rest) (i32.const 0xc0c0c000)) (i32.const 0x80808000)))
      (then (return (i32.const -1))))
    (local.set $point
      (i32.or
        (i32.or
          (i32.shl (i32.and (local.get $rest) (i32.const 7)) (i32.const 18))
          (i32.shl (i32.and (i32.shr_u (local.get $rest) (i32.const 8)) (i32.const 63)) (i32.const 12)))
        (i32.or
          (i32.shl (i32.and (i32.shr_u (local.get $rest) (i32.const 16)) (i32.const 63)) (i32.const 6))
          (i32.and (i32.shr_u (local.get $rest) (i32.const 24)) (i32.const 63)))))
    ;; Four bytes for what takes three, or beyond Unicode.
    (if (i32.gt_u (i32.sub (local.get $point) (i32.const 0x10000)) (i32.const 0xfffff))
      (then (return (i32.const -1))))
    (i32.or (i32.const 0x4000000) (local.get $point)))

  ;; Rewrites what is from $from to $end, which a zero follows, to $to. Gives the length, or -1: it is no UTF-8, or a
  ;; backslash stands before what would be escaped. Up to 16 bytes after either end are read or overwritten.
  (func (export "rewrite") (param $from i32) (param $end i32) (param $to i32) (result i32)
    (local $start i32) (local $block v128) (local $ascii i32) (local $read i32) (local $point i32)
    (local.set $start (local.get $to))
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $from) (local.get $end)))
        (local.set $block (v128.load (local.get $from)))
        (v128.store (local.get $to) (local.get $block))
        (local.set $ascii (i8x16.bitmask (local.get $block)))
        (if (i32.eqz (local.get $ascii))
          (then
            (local.set $from (i32.add (local.get $from) (i32.const 16)))
            (local.set $to (i32.add (local.get $to) (i32.const 16)))
            (br $next)))
        (local.set $ascii (i32.ctz (local.get $ascii)))
        (local.set $from (i32.add (local.get $from) (local.get $ascii)))
        (local.set $to (i32.add (local.get $to) (local.get $ascii)))
        ;; What is not ASCII may stand behind the end.
        (br_if $done (i32.ge_u (local.get $from) (local.get $end)))
        (loop $character
          (local.set $read (call $read (local.get $from)))
          (if (i32.eq (local.get $read) (i32.const -1))
            (then (return (i32.const -1))))
          (local.set $point (i32.and (local.get $read) (i32.const 0x1fffff)))
          (if (i32.lt_u (local.get $point) (i32.const 0x100))
            (then
              (i32.store8 (local.get $to) (local.get $point))
              (local.set $to (i32.add (local.get $to) (i32.const 1))))
            (else
              ;; It would take the escape's own, and make good JSON of bad.
              (if (i32.eq (i32.load8_u (i32.sub (local.get $from) (i32.const 1))) (i32.const 0x5c))
                (then (return (i32.const -1))))
              (if (i32.lt_u (local.get $point) (i32.const 0x10000))
                (then
                  (call $escape (local.get $to) (local.get $point))
                  (local.set $to (i32.add (local.get $to) (i32.const 6))))
                (else
                  (local.set $point (i32.sub (local.get $point) (i32.const 0x10000)))
                  (call $escape (local.get $to)
                    (i32.or (i32.const 0xd800) (i32.shr_u (local.get $point) (i32.const 10))))
                  (call $escape (i32.add (local.get $to) (i32.const 6))
                    (i32.or (i32.const 0xdc00) (i32.and (local.get $point) (i32.const 0x3ff))))
                  (local.set $to (i32.add (local.get $to) (i32.const 12)))))))
          (local.set $from (i32.add (local.get $from) (i32.shr_u (local.get $read) (i32.const 24))))
          (br_if $character (i32.ge_u (i32.load8_u (local.get $from)) (i32.const 0x80))))
        (br $next)))
    ;; The last block may have gone beyond the end, by as much there as here.
    (i32.sub
      (i32.sub (local.get $to) (local.get $start))
      (i32.sub (local.get $from) (local.get $end)))))

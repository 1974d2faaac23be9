import jsxA11y from 'eslint-plugin-jsx-a11y';
import reactHooks from 'eslint-plugin-react-hooks';
import tseslint from 'typescript-eslint';

export default tseslint.config(
  { ignores: ['dist/', 'node_modules/'] },
  {
    files: ['**/*.ts', '**/*.tsx'],
    extends: [...tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      '@typescript-eslint/no-confusing-void-expression': 'off',
      'max-lines': ['error', 300],
    },
  },
  {
    files: ['src/room/**/*.{ts,tsx}', 'stories/**/*.{ts,tsx}'],
    extends: [reactHooks.configs.flat.recommended, jsxA11y.flatConfigs.recommended],
  },
  {
    // Components and hooks know the SDK alone.
    files: ['src/room/**/*.{ts,tsx}'],
    rules: {
      'no-restricted-globals': ['error', 'RTCPeerConnection', 'WebSocket'],
      'max-lines': ['error', 150],
    },
  },
  // Generated.
  { files: ['src/client/wire.ts'], rules: { 'max-lines': 'off' } },
  { files: ['src/room/**/*.test.{ts,tsx}', 'src/room/words.ts'], rules: { 'max-lines': ['error', 300] } },
);

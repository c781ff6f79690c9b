import { describe, expect, it } from 'vitest';
import { maskSettings } from './mask-settings.ts';

describe('settings that are printed', () => {
  it('show everything but their secrets, and whether a secret is set', () => {
    const settings = {
      exchange: { clientId: 'keyturn', clientSecret: 's3cret', timeout: 10 },
      mail: { password: '' },
      webhooks: [{ url: 'https://a.example', secret: 's3cret' }],
      keys: ['s3cret'],
      store: { url: 'postgres://keyturn:s3cret@db.example/keyturn?sslmode=require' },
      proxy: new URL('https://user:s3cret@proxy.example/'),
    };
    const masked = maskSettings(settings, [
      'exchange.clientSecret',
      'mail.password',
      'webhooks.*.secret',
      'keys',
      'no.such',
    ]);
    expect(masked).toEqual({
      exchange: { clientId: 'keyturn', clientSecret: '********', timeout: 10 },
      mail: { password: '' },
      webhooks: [{ url: 'https://a.example', secret: '********' }],
      keys: '********',
      store: { url: 'postgres://keyturn:********@db.example/keyturn?sslmode=require' },
      proxy: 'https://user:********@proxy.example/',
    });
    expect(settings.exchange.clientSecret).toBe('s3cret');
  });

  it.each([
    'postgres://:s3cret@db.example/',
    'postgres://user:s3cret@',
    'amqp://user:s3:cret@host',
    'postgres://user:s3c@ret@host/db',
  ])('mask the password of %s', (url) => {
    expect(maskSettings(url, [])).not.toMatch(/s3|cret/);
  });

  it.each(['https://example.com:8040/a@b', 'http://[::1]:8040/', 'user:name', 'a://b/c:d@e'])(
    'leave %s as it is',
    (text) => {
      expect(maskSettings(text, [])).toBe(text);
    },
  );
});
